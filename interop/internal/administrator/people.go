package administrator

import (
	"context"
	"net/http"
)

// Person is somebody with an account in the tenant.
type Person struct {
	ID string `json:"id"`
	// Address is the user principal name.
	Address string `json:"userPrincipalName"`
}

// AddPerson makes an account whose password needs no change.
func (a *Administrator) AddPerson(ctx context.Context, name, address, password string) (*Person, error) {
	made := new(Person)
	return made, a.do(ctx, http.MethodPost, "/users", object{
		"displayName": name, "mailNickname": name, "userPrincipalName": address, "accountEnabled": true,
		"passwordProfile": object{"password": password, "forceChangePasswordNextSignIn": false},
	}, made)
}
