package oauth2

// TooLong names a parameter whose value is longer than limit allows for its
// name, in bytes; of several the first by name. It is "" where all fit.
func (f Form) TooLong(limit func(name string) int) string {
	found := ""
	for name, value := range f.values {
		if len(value) > limit(name) && (found == "" || name < found) {
			found = name
		}
	}
	return found
}
