package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// version is set by the linker; without it the module's version counts.
var version string

// Terminal is the world around a command.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// LookupEnv finds an environment variable (os.LookupEnv).
	LookupEnv func(string) (string, bool)
	Now       func() time.Time
	Rand      io.Reader
}

// Run runs one command line and returns the exit status: 0, 1 for a failure, 2
// for a command line that is wrong. An interrupt or a termination signal cancels
// the command; a second one ends the process at once.
func Run(term Terminal, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // from now on a signal has its usual effect
	}()
	root := New(term)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(term.Err, "sekisho: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// usageError is a command line that is wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// shared are the flags of every command.
type shared struct {
	Terminal
	output string
	lang   string
}

// New builds the commands.
func New(term Terminal) *cobra.Command {
	s := &shared{Terminal: term}
	root := &cobra.Command{
		Use:   "sekisho",
		Short: "The identity platform that you can run yourself",
		Long: `Sekisho serves the directory, the authorization endpoints and the Graph-shaped
management API that MSAL, Azure Identity and OpenID Connect clients expect.

Begin with:  sekisho dev`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return s.check()
		},
	}
	root.SetIn(term.In)
	root.SetOut(term.Out)
	root.SetErr(term.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w (see %s --help)", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVarP(&s.output, "output", "o", "text", "form of the answer: text or json")
	root.PersistentFlags().StringVar(&s.lang, "lang", "", "language of the answer: en or ja (default: by LC_ALL, LC_MESSAGES, LANG)")
	root.AddCommand(
		devCommand(s), serveCommand(s), bootstrapCommand(s), migrateCommand(s), keysCommand(s),
		tokenCommand(s), envCommand(s), appCommand(s), tenantCommand(s), trustCommand(s), versionCommand(s),
	)
	for _, c := range root.Commands() {
		strictArgs(c)
	}
	return root
}

// strictArgs makes a wrong number of arguments, or an unknown subcommand, an
// error of usage.
func strictArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usagef("%w (see %s --help)", err, cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		strictArgs(sub)
	}
}

// parentCommand is a command that only holds others.
func parentCommand(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, sub := range cmd.Commands() {
				names = append(names, sub.Name())
			}
			return usagef("%s needs a subcommand: %s", cmd.CommandPath(), strings.Join(names, ", "))
		},
	}
	c.AddCommand(subs...)
	return c
}

func (s *shared) check() error {
	switch s.output {
	case "text", "json":
	default:
		return usagef("--output %q is unknown; use text or json", s.output)
	}
	if s.lang == "" {
		s.lang = "en"
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if v, _ := s.LookupEnv(name); v != "" {
				if strings.HasPrefix(strings.ToLower(v), "ja") {
					s.lang = "ja"
				}
				break
			}
		}
	}
	switch s.lang {
	case "en", "ja":
	default:
		return usagef("--lang %q is unknown; use en or ja", s.lang)
	}
	return nil
}

// json reports whether the answer is wanted as JSON.
func (s *shared) json() bool { return s.output == "json" }

// words is a text in both languages.
type words struct{ en, ja string }

// say picks the language.
func (s *shared) say(w words) string {
	if s.lang == "ja" {
		return w.ja
	}
	return w.en
}

func versionCommand(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			if s.json() {
				return s.writeJSON(map[string]string{
					"version": v, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			fmt.Fprintf(s.Out, "sekisho %s (%s, %s/%s)\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
