package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a server that was started.
type process struct {
	name string
	cmd  *exec.Cmd
	said *bytes.Buffer // what it wrote to stderr; to be read after done
	done chan error
}

// How long a server may take to listen, and to stop.
const patience = 30 * time.Second

// start starts a server and waits for its first line, which tells that it listens.
func (d *demo) start(ctx context.Context, name string, env []string, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = env
	// Ctrl-C is for the demo, which stops its servers in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{name: name, cmd: cmd, said: &bytes.Buffer{}, done: make(chan error, 1)}
	cmd.Stderr = p.said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("starting %s: %w", name, err)
	}
	d.started = append(d.started, p)
	first := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		if line, err := r.ReadString('\n'); err == nil {
			first <- strings.TrimSpace(line)
		}
		_, err := io.Copy(io.Discard, r) // the rest, so that it never waits for a reader
		p.done <- errors.Join(err, cmd.Wait())
	}()
	select {
	case line := <-first:
		return line, nil
	case err := <-p.done:
		p.done <- err
		return "", fmt.Errorf("%s did not start: %w\n%s", name, err, p.said)
	case <-time.After(patience):
		return "", fmt.Errorf("%s does not listen after %v", name, patience)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stop asks the servers to stop, the last one first, and waits for each.
func (d *demo) stop() error {
	var faults []error
	for len(d.started) > 0 {
		p := d.started[len(d.started)-1]
		d.started = d.started[:len(d.started)-1]
		if err := p.stop(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	if len(faults) == 0 {
		d.say("All of it is stopped.")
	}
	return errors.Join(faults...)
}

func (p *process) stop() error {
	// An error means that it has ended already, and done says how.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("%w\n%s", err, p.said)
		}
		return nil
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("still runs %v after it was asked to stop, and was killed", patience), p.cmd.Process.Kill())
	}
}
