package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sekisho-id/sekisho/internal/store/pgtest"
)

var update = flag.Bool("update", false, "write what the scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(withPostgres{m}, map[string]func(){"sekisho": main})
}

// withPostgres stops the PostgreSQL that a script may have started.
type withPostgres struct{ m *testing.M }

func (w withPostgres) Run() int { return pgtest.Main(w.m) }

// TestScript runs the scripts in testdata/script: each is a person at a terminal.
// Beside testscript's own commands they have
//
//	free NAME            sets NAME to a port that nobody listens on
//	start NAME ARG...    runs sekisho in the background until its first line of
//	                     output; the script's end stops it, or:
//	halt NAME            stops it gracefully and fails unless it ended with 0
//	member FILE PATH VAR sets VAR to a member of a JSON file (a.b.0.c);
//	                     FILE may be stdout
//	postgres NAME        sets NAME to the URL of an empty PostgreSQL database
//	occupy NAME          sets NAME to a port that somebody listens on
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, "LANG=C", "SEKISHO_BOOTSTRAP=", "SEKISHO_CONFIG=", "AZURE_CLIENT_SECRET=")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"free": cmdFree, "occupy": cmdOccupy, "start": cmdStart, "halt": cmdHalt, "member": cmdMember,
			"postgres": func(ts *testscript.TestScript, neg bool, args []string) {
				noNegation(ts, neg, args, 1, "postgres NAME")
				ts.Setenv(args[0], pgtest.DSN(t))
			},
		},
	})
}

func noNegation(ts *testscript.TestScript, neg bool, args []string, n int, usage string) {
	if neg || len(args) < n {
		ts.Fatalf("usage: %s", usage)
	}
}

func listenAnywhere(ts *testscript.TestScript) (net.Listener, string) {
	l, err := net.Listen("tcp", "localhost:0")
	ts.Check(err)
	return l, strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func cmdFree(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg, args, 1, "free NAME")
	l, port := listenAnywhere(ts)
	ts.Check(l.Close())
	ts.Setenv(args[0], port)
}

func cmdOccupy(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg, args, 1, "occupy NAME")
	l, port := listenAnywhere(ts)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], port)
}

// background is a server that a script started.
type background struct {
	cmd    *exec.Cmd
	output lockedBuffer
	ended  chan struct{} // closed once err is set
	err    error
}

// running are the servers by script and name.
var running sync.Map

func (b *background) stop() error {
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-b.ended
	return b.err
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg, args, 2, "start NAME ARG...")
	path, err := exec.LookPath("sekisho")
	ts.Check(err)
	b := &background{cmd: exec.Command(path, args[1:]...), ended: make(chan struct{})}
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = os.Environ()
	for _, name := range []string{"HOME", "LANG", "DATABASE", "KEK"} {
		b.cmd.Env = append(b.cmd.Env, name+"="+ts.Getenv(name))
	}
	r, w := io.Pipe()
	b.cmd.Stdout = io.MultiWriter(&b.output, w)
	b.cmd.Stderr = b.cmd.Stdout
	ts.Check(b.cmd.Start())
	running.Store(ts.Name()+"/"+args[0], b)
	ts.Defer(func() {
		if err := b.stop(); err != nil {
			ts.Logf("%s: %v\n%s", args[0], err, b.output.String())
		}
	})
	lines := bufio.NewScanner(r)
	go func() { // a server that ends before it is ready must not block the script
		b.err = b.cmd.Wait()
		close(b.ended)
		_ = w.Close()
	}()
	if !lines.Scan() {
		ts.Fatalf("%s ended without a word", args[0])
	}
	if strings.HasPrefix(lines.Text(), "sekisho: ") {
		ts.Fatalf("%s did not start: %s", args[0], lines.Text())
	}
	ts.Setenv(strings.ToUpper(args[0])+"_LINE", lines.Text())
	go func() {
		for lines.Scan() { // keep the pipe empty
		}
	}()
}

func cmdHalt(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg, args, 1, "halt NAME")
	v, ok := running.Load(ts.Name() + "/" + args[0])
	if !ok {
		ts.Fatalf("%s was not started", args[0])
	}
	b := v.(*background)
	if err := b.stop(); err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, b.output.String())
	}
}

func cmdMember(ts *testscript.TestScript, neg bool, args []string) {
	noNegation(ts, neg, args, 3, "member FILE PATH VAR")
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for step := range strings.SplitSeq(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				ts.Fatalf("%s: no entry %s", args[1], step)
			}
			v = x[i]
		default:
			ts.Fatalf("%s: nothing at %s", args[1], step)
		}
	}
	if v == nil {
		ts.Fatalf("%s: nothing there", args[1])
	}
	ts.Setenv(args[2], fmt.Sprint(v))
}

// lockedBuffer is written by a process and read by the test.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
