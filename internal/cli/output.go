package cli

import (
	"encoding/json"

	"github.com/jedib0t/go-pretty/v6/table"
)

// writeJSON writes one value, for programs.
func (s *shared) writeJSON(v any) error {
	e := json.NewEncoder(s.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeTable writes rows under a header, aligned for Japanese text too.
func (s *shared) writeTable(header []string, rows [][]string) {
	t := table.NewWriter()
	t.SetOutputMirror(s.Out)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	t.AppendHeader(row(header))
	for _, r := range rows {
		t.AppendRow(row(r))
	}
	t.Render()
}

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = c
	}
	return r
}
