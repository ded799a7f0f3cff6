package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// hello is a process of this program that answers as cheaply as net/http over TLS
// can: every request with a word or, at /bytes/N, with N bytes under as many
// headers as a document of the server has.
type hello struct {
	cmd    *exec.Cmd
	input  io.Closer
	target *target
}

func startHello(ctx context.Context, env ...string) (*hello, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &hello{cmd: exec.CommandContext(ctx, self, "-hello")}
	h.cmd.Env, h.cmd.Stderr = surroundings(env), os.Stderr
	if h.input, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("hello did not start: %w", err)
	}
	addr, encoded, _ := strings.Cut(strings.TrimSpace(line), " ")
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	h.target = &target{
		addr: addr, request: get(addr, "/"), expect: []byte("hello"),
		tls: &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12},
	}
	return h, nil
}

func (h *hello) stop() {
	_ = h.input.Close()
	_ = h.cmd.Wait()
}

// serveHello is that process: it writes its address and certificate, and ends
// with its standard input.
func serveHello() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           http.HandlerFunc(sayHello),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 60 * time.Second,
	}
	fmt.Println(l.Addr(), base64.StdEncoding.EncodeToString(der))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = srv.Close()
	}()
	if err := srv.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// documentHeaders are those of a discovery document.
var documentHeaders = []string{
	"Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Cache-Control", "Etag",
	"X-Content-Type-Options", "X-Ms-Request-Id",
}

var filler = []byte(strings.Repeat("hello ", 4096))

func sayHello(w http.ResponseWriter, r *http.Request) {
	size, ok := strings.CutPrefix(r.URL.Path, "/bytes/")
	if !ok {
		_, _ = w.Write([]byte("hello\n"))
		return
	}
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n > len(filler) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h := w.Header()
	for _, name := range documentHeaders {
		h[name] = []string{"5e415400-0000-4000-8000-000000000001"}
	}
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	_, _ = w.Write(filler[:n])
}
