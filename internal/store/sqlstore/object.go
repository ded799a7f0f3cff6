package sqlstore

import (
	"bytes"
	"encoding/json"
	"slices"
)

// picture is an object's state, property by property, taken before a change
// function runs: that function works on the object itself and may alter what
// its slices and pointers lead to.
type picture map[string]json.RawMessage

// take makes the picture of a document and of what lies beside it.
func take(doc any, beside map[string]any) (picture, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	p := picture{}
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, err
	}
	for name, value := range beside {
		if p[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// differing names the properties that two pictures do not share, sorted.
func (p picture) differing(q picture) []string {
	var names []string
	for name, value := range p {
		if !bytes.Equal(value, q[name]) {
			names = append(names, name)
		}
	}
	for name := range q {
		if _, ok := p[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// document is an object as its doc column holds it.
func document(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}
