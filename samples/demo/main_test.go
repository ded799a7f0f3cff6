package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The demonstration itself: real programs, built here.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	build := func(folder, of string) string {
		t.Helper()
		program := filepath.Join(dir, filepath.Base(of))
		cmd := exec.Command("go", "build", "-o", program, of)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", of, err, out)
		}
		return program
	}
	var out bytes.Buffer
	d := demo{
		out: &out, sekisho: build("../..", "./cmd/sekisho"),
		api: build("..", "./api"), daemon: build("..", "./daemon"),
	}
	t.Setenv("LANG", "C")
	if err := d.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"Orders.Read.All", `"item": "tea bowl, Mashiko"`, "401 Unauthorized", "authorization_uri", "All of it is stopped."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the output:\n%s", want, &out)
		}
	}
}

func TestProgramThatDoesNotStart(t *testing.T) {
	program, err := exec.LookPath("false")
	if err != nil {
		t.Fatal(err)
	}
	d := demo{out: &bytes.Buffer{}, sekisho: program}
	err = d.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "sekisho did not start") {
		t.Errorf("the demo ended with %v", err)
	}
}
