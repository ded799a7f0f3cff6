package config

import (
	"fmt"
	"os"
	"strings"
)

// expand replaces the references in a text. Its errors name the reference, never
// what it stands for.
func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		ref, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("a reference begins with ${ and must end with }")
		}
		value, err := resolve(ref, lookup)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = after
	}
}

func resolve(ref string, lookup func(string) (string, bool)) (string, error) {
	kind, name, _ := strings.Cut(ref, ":")
	switch {
	case kind == "env" && name != "":
		v, ok := lookup(name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return v, nil
	case kind == "file" && name != "":
		content, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("the file %s cannot be read: %w", name, unwrapPath(err))
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	default:
		return "", fmt.Errorf("${%s} is not a reference; write ${env:NAME} or ${file:PATH}", ref)
	}
}

// unwrapPath leaves the reason alone: the message names the file already.
func unwrapPath(err error) error {
	if p, ok := err.(*os.PathError); ok { //nolint:errorlint // os.ReadFile returns it unwrapped
		return p.Err
	}
	return err
}
