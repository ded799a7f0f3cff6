package directory

import (
	"regexp"
	"strings"
)

const maxFederatedText = 600

var federatedName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{2,119}$`)

// federated judges one federated identity credential by itself.
func federated(f *FederatedIdentityCredential) error {
	blankToNil(&f.Description)
	if !federatedName.MatchString(f.Name) {
		return invalid("name", "Property name must have 3 to 120 characters: letters, digits, '-' and '_', the first a letter or digit.")
	}
	if len(f.Audiences) != 1 {
		return invalid("audiences", "Property audiences must hold exactly one value.")
	}
	for _, v := range []struct{ property, text string }{
		{"issuer", f.Issuer}, {"subject", f.Subject}, {"audiences", f.Audiences[0]},
	} {
		if err := label(v.property, v.text, maxFederatedText); err != nil {
			return err
		}
		if strings.TrimSpace(v.text) != v.text {
			// They are compared exactly, so a blank would only be found when a
			// token is refused.
			return invalid(v.property, "Property %s begins or ends with white space.", v.property)
		}
	}
	u, err := parseURI("issuer", f.Issuer)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) || u.Hostname() == "" || strings.ContainsAny(f.Issuer, "?#") {
		return invalid("issuer", "Property issuer must be an https URL without query and fragment (OpenID Connect Discovery 1.0 §2).")
	}
	return text("description", f.Description, maxFederatedText)
}

// federatedTogether judges the credentials of one application.
func federatedTogether(list []FederatedIdentityCredential) error {
	if len(list) > maxFederatedCredentials {
		return refusal(Quota, "federatedIdentityCredentials", "An application has at most %d federated identity credentials.", maxFederatedCredentials)
	}
	names := map[string]bool{}
	pairs := map[[2]string]bool{}
	for _, f := range list {
		name, pair := strings.ToLower(f.Name), [2]string{f.Issuer, f.Subject}
		if names[name] {
			return refusal(Conflict, "name", "FederatedIdentityCredential with name %s already exists.", f.Name)
		}
		if pairs[pair] {
			return refusal(ObjectConflict, "subject", "A federated identity credential with the same issuer and subject already exists on the application.")
		}
		names[name], pairs[pair] = true, true
	}
	return nil
}
