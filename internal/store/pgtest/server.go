package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// EnvURL names the environment variable with the URL of a PostgreSQL whose user
// may create databases.
const EnvURL = "SEKISHO_TEST_POSTGRES"

// Server is a PostgreSQL to make databases on.
type Server struct {
	admin string // URL of a database to connect to first
	dir   string // of an own server, else ""
	bin   string
	guard *exec.Cmd
	alive io.Closer // the guard ends the server when this is closed
}

// ErrNotInstalled says that there is no PostgreSQL to start.
var ErrNotInstalled = errors.New("PostgreSQL is not installed here: run `make deps`, or set " + EnvURL + " to the URL of one")

// Start gives the server that the environment names, or starts one. Stop ends
// it.
func Start(ctx context.Context) (*Server, error) {
	if given := os.Getenv(EnvURL); given != "" {
		return &Server{admin: given}, nil
	}
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if err := s.init(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// binaries finds the directory of initdb and pg_ctl, the newest version first.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrNotInstalled
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	return filepath.Dir(found[0]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// init makes a cluster and starts it on a socket in its own directory, so that
// no port can be in use.
func (s *Server) init(ctx context.Context) error {
	// Not under a test's own directory: that has mode 0700, and the server may
	// have to run as another user. The path of a socket is short by necessity.
	dir, err := os.MkdirTemp("/tmp", "sekisho-pg-")
	if err != nil {
		return err
	}
	s.dir = dir
	as, err := s.owner()
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	err = s.command(ctx, as, "initdb", "--pgdata", data, "--username", "sekisho", "--auth", "trust", "--encoding", "UTF8",
		"--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US", "--no-sync", "--no-instructions")
	if err != nil {
		return fmt.Errorf("PostgreSQL's initdb failed: %w", err)
	}
	if err := s.watch(as, data); err != nil {
		return err
	}
	options := "-c listen_addresses='' -c unix_socket_directories='" + dir + "' -c fsync=on -c max_connections=200 -c log_min_messages=fatal"
	err = s.command(ctx, as, "pg_ctl", "start", "--wait", "--timeout", "30", "--silent", "--pgdata", data,
		"--log", filepath.Join(dir, "log"), "--options", options)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return fmt.Errorf("PostgreSQL did not start: %w: %s", err, bytes.TrimSpace(log))
	}
	u := url.URL{Scheme: "postgres", User: url.User("sekisho"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	s.admin = u.String()
	return nil
}

// owner gives the directory to postgres if we are root, whom the server refuses,
// and says how to run a command as its owner.
func (s *Server) owner() (prefix []string, err error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	postgres, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL will not run as root, and there is no user postgres: %w", ErrNotInstalled)
	}
	uid, errUID := strconv.Atoi(postgres.Uid)
	gid, errGID := strconv.Atoi(postgres.Gid)
	if err := errors.Join(errUID, errGID, os.Chown(s.dir, uid, gid)); err != nil {
		return nil, err
	}
	return []string{"setpriv", "--reuid=postgres", "--regid=" + postgres.Gid, "--init-groups"}, nil
}

func (s *Server) command(ctx context.Context, prefix []string, name string, args ...string) error {
	line := append(slices.Clone(prefix), filepath.Join(s.bin, name))
	line = append(line, args...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = s.dir
	// The output goes to a file: a pipe would stay open as long as the server
	// that pg_ctl leaves behind.
	out, err := os.Create(filepath.Join(s.dir, name+".out"))
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(said))
	}
	return nil
}

// guardScript waits until its input ends, then stops the server at once and
// without care for its data, and removes its directory.
const guardScript = `read -r _; "$@" >/dev/null 2>&1; cd / && rm -rf "$SEKISHO_PG_DIR"`

// watch starts a process that ends the server when we end, however that
// happens: a test that panics or is killed for taking too long cleans nothing up.
func (s *Server) watch(prefix []string, data string) error {
	line := append([]string{"-c", guardScript, "guard"}, prefix...)
	line = append(line, filepath.Join(s.bin, "pg_ctl"), "stop", "--mode", "immediate", "--silent", "--pgdata", data)
	guard := exec.Command("/bin/sh", line...)
	guard.Dir = s.dir
	guard.Env = append(os.Environ(), "SEKISHO_PG_DIR="+s.dir)
	// A session of its own: what is sent to our process group is not for it.
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := guard.StdinPipe()
	if err != nil {
		return err
	}
	if err := guard.Start(); err != nil {
		return err
	}
	s.guard, s.alive = guard, alive
	return nil
}

// Stop ends a server that Start started and removes its directory.
func (s *Server) Stop() {
	if s.guard != nil {
		_ = s.alive.Close()
		_ = s.guard.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
	s.guard, s.dir = nil, ""
}

// Create makes an empty database and gives its URL.
func (s *Server) Create(ctx context.Context, name string) (string, error) {
	if err := s.do(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" ENCODING 'UTF8' TEMPLATE template0"); err != nil {
		return "", err
	}
	u, err := url.Parse(s.admin)
	if err != nil {
		return "", fmt.Errorf("%s is not a URL", EnvURL)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// Drop removes a database, with whoever is connected to it.
func (s *Server) Drop(ctx context.Context, name string) error {
	return s.do(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

func (s *Server) do(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return fmt.Errorf("the PostgreSQL of %s cannot be reached: %w", strings.TrimSpace(EnvURL), err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}
