package cli

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func trustCommand(s *shared) *cobra.Command {
	var bootstrap bootstrapFlag
	c := &cobra.Command{
		Use:   "trust",
		Short: "Say how to make this machine trust the server's CA",
		Long: `Prints the commands that add the server's CA to the system, and the one that
removes it again. Nothing is changed here: the CA can sign for localhost only, but
whether to trust it is for the owner of the machine to say.

Clients can also be told alone: see sekisho env.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b, err := bootstrap.read(s)
			if err != nil {
				return err
			}
			if b.CAFile == "" {
				return fmt.Errorf("%s has no CA of its own: its certificate comes from elsewhere", b.BaseURL)
			}
			text, err := os.ReadFile(b.CAFile)
			if err != nil {
				return fmt.Errorf("reading the CA: %w", err)
			}
			certs, _ := pemParts(text)
			if len(certs) == 0 {
				return fmt.Errorf("%s holds no certificate", b.CAFile)
			}
			ca, err := x509.ParseCertificate(certs[0])
			if err != nil {
				return fmt.Errorf("%s: %w", b.CAFile, err)
			}
			sum := sha256.Sum256(ca.Raw)
			fingerprint := strings.ToUpper(hex.EncodeToString(sum[:]))
			names := append([]string{}, ca.PermittedDNSDomains...)
			for _, r := range ca.PermittedIPRanges {
				names = append(names, r.String())
			}
			how := trustCommands(runtime.GOOS, b.CAFile)
			if s.json() {
				return s.writeJSON(map[string]any{
					"caFile": b.CAFile, "sha256": fingerprint, "signsFor": names, "notAfter": ca.NotAfter.UTC().Format(time.RFC3339),
					"add": how.add, "remove": how.remove,
				})
			}
			s.line(words{"CA", "CA 証明書"}, b.CAFile)
			s.line(words{"SHA-256 fingerprint", "SHA-256 拇印"}, fingerprint)
			s.line(words{"can sign for", "署名できる名前"}, strings.Join(names, ", "))
			s.line(words{"valid until", "有効期限"}, ca.NotAfter.UTC().Format("2006-01-02"))
			fmt.Fprintf(s.Out, "\n%s\n  %s\n", s.say(words{"To trust it on this machine:", "このマシンで信頼するには:"}), strings.Join(how.add, "\n  "))
			fmt.Fprintf(s.Out, "\n%s\n  %s\n", s.say(words{"To undo that:", "元に戻すには:"}), strings.Join(how.remove, "\n  "))
			fmt.Fprintf(s.Out, "\n%s\n", s.say(words{
				"Firefox, Java and Node keep lists of their own; sekisho env says what they read.",
				"Firefox、Java、Node は独自の一覧を使います。設定は sekisho env で確認できます。",
			}))
			return nil
		},
	}
	bootstrap.add(c.Flags())
	return c
}

type trustSteps struct{ add, remove []string }

// trustCommands are the commands of an operating system.
func trustCommands(system, caFile string) trustSteps {
	file := shellQuote(caFile)
	switch system {
	case "darwin":
		return trustSteps{
			add:    []string{"sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain " + file},
			remove: []string{"sudo security remove-trusted-cert -d " + file},
		}
	case "windows":
		return trustSteps{
			add:    []string{`certutil -user -addstore Root "` + caFile + `"`},
			remove: []string{`certutil -user -delstore Root "Sekisho"`},
		}
	default:
		return trustSteps{
			add:    []string{"sudo cp " + file + " /usr/local/share/ca-certificates/sekisho-dev.crt", "sudo update-ca-certificates"},
			remove: []string{"sudo rm /usr/local/share/ca-certificates/sekisho-dev.crt", "sudo update-ca-certificates --fresh"},
		}
	}
}
