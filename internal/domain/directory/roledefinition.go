package directory

import "slices"

// RoleDefinition is a directory role (Graph: unifiedRoleDefinition). There are
// only those that Entra brings; their ids are the public template ids
// (learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
type RoleDefinition struct {
	ID          ID
	DisplayName string
	Description string
}

// claimOnly describes a role that opens nothing on this server.
const claimOnly = "Opens nothing on this server. Tokens name it in wids, for applications that look for it."

// RoleDefinitions are all roles, sorted by nothing in particular.
func RoleDefinitions() []RoleDefinition { return slices.Clone(roleDefinitions) }

// RoleDefinitionByID finds a role by its template id.
func RoleDefinitionByID(id ID) (RoleDefinition, bool) {
	i := slices.IndexFunc(roleDefinitions, func(d RoleDefinition) bool { return d.ID == id })
	if i < 0 {
		return RoleDefinition{}, false
	}
	return roleDefinitions[i], true
}

// RoleStrength ranks a role: who gives or takes a role needs one of at least the
// same strength. 0 is no role at all.
func RoleStrength(id ID) int {
	switch id {
	case "":
		return 0
	case RoleGlobalAdministrator:
		return 3
	case RolePrivilegedRoleAdministrator:
		return 2
	}
	return 1
}

// RoleGuestInviter may invite guests.
const RoleGuestInviter ID = "95e79109-95c0-4d8e-aee3-d01accf2d47b"

var roleDefinitions = []RoleDefinition{
	{RoleGlobalAdministrator, "Global Administrator", "Can manage everything in the organisation."},
	{RoleGlobalReader, "Global Reader", "Can read everything that an administrator can read, and change nothing."},
	{RolePrivilegedRoleAdministrator, "Privileged Role Administrator", "Can give and take directory roles, and consent to every permission."},
	{RoleApplicationAdministrator, "Application Administrator", "Can manage applications and consent to all but application permissions of Microsoft Graph."},
	{RoleCloudApplicationAdministrator, "Cloud Application Administrator", "Can manage applications and consent to all but application permissions of Microsoft Graph."},
	{RoleUserAdministrator, "User Administrator", "Can manage users that have no directory role, and invite guests."},
	{RoleGuestInviter, "Guest Inviter", "Can invite guests."},
	{"7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator", claimOnly},
	{"c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator", claimOnly},
	{"0526716b-113d-4c15-b2c8-68e3c22b9f80", "Authentication Policy Administrator", claimOnly},
	{"25a516ed-2fa0-40ea-a2d0-12923a21473a", "Authentication Extensibility Administrator", claimOnly},
	{"cf1c38e5-3621-4004-a7cb-879624dced7c", "Application Developer", claimOnly},
	{"fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator", claimOnly},
	{"729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator", claimOnly},
	{"966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator", claimOnly},
	{"4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator", claimOnly},
	{"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator", claimOnly},
	{"194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator", claimOnly},
	{"5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", "Security Operator", claimOnly},
	{"5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader", claimOnly},
	{"4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader", claimOnly},
	{"75934031-6c7e-415a-99d7-48dbd49e875e", "Usage Summary Reports Reader", claimOnly},
	{"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", claimOnly},
	{"9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers", claimOnly},
	{"d29b2b05-8046-44ba-8758-1e26182fcf32", "Directory Synchronization Accounts", claimOnly},
	{"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "Hybrid Identity Administrator", claimOnly},
	{"45d8d3c5-c802-45c6-b32a-1d70b5e1e86e", "Identity Governance Administrator", claimOnly},
	{"59d46f88-662b-457b-bceb-5c3809e5908f", "Lifecycle Workflows Administrator", claimOnly},
	{"8329153b-31d0-4727-b945-745eb3bc5f31", "Domain Name Administrator", claimOnly},
	{"be2f45a1-457d-42af-a067-6ec1fa63bc45", "External Identity Provider Administrator", claimOnly},
	{"6e591065-9bad-43ed-90f3-e9424366d2f0", "External ID User Flow Administrator", claimOnly},
	{"0f971eea-41eb-4569-a71e-57bb8a3eff1e", "External ID User Flow Attribute Administrator", claimOnly},
	{"8424c6f0-a189-499e-bbd0-26c1753c96d4", "Attribute Definition Administrator", claimOnly},
	{"1d336d2c-4ae8-42ef-9711-b3604ce3fc2c", "Attribute Definition Reader", claimOnly},
	{"58a13ea3-c632-46ae-9ee0-9c0d43cd7f3d", "Attribute Assignment Administrator", claimOnly},
	{"ffd52fa5-98dc-465c-991d-fc073eb59f8f", "Attribute Assignment Reader", claimOnly},
	{"5b784334-f94b-471a-a387-e7219fc49ca2", "Attribute Log Administrator", claimOnly},
	{"9c99539d-8186-4804-835f-fd51ef9e2dcd", "Attribute Log Reader", claimOnly},
	{"92ed04bf-c94a-4b82-9729-b799a7a4c178", "Organizational Branding Administrator", claimOnly},
	{"7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator", claimOnly},
	{"3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator", claimOnly},
	{"29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator", claimOnly},
	{"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator", claimOnly},
	{"69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator", claimOnly},
	{"b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator", claimOnly},
	{"17315797-102d-40b4-93e0-432062caca18", "Compliance Administrator", claimOnly},
	{"112ca1a2-15ad-4102-995e-45b0bc479a6a", "Tenant Creator", claimOnly},
	{"f023fd81-a637-4b56-95fd-791ac0226033", "Service Support Administrator", claimOnly},
	{"ac434307-12b9-4fa1-a708-88bf58caabc1", "Global Secure Access Administrator", claimOnly},
	{"db506228-d27e-4b7d-95e5-295956d6615f", "Agent ID Administrator", claimOnly},
	{"adb2368d-a9be-41b5-8667-d96778e081b0", "Agent ID Developer", claimOnly},
}
