// Asks golang.org/x/crypto/ssh, the library under pam-ussh and many SSH servers, what it says of certificates.
// Each line of stdin is a case in JSON, each line of stdout the answer to one, in the same order.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run .
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
)

type testCase struct {
	ID string `json:"id"`
	// Instead of everything below: an agent full of certificates (walk.go).
	Walk *walkCase `json:"walk"`
	// The certificate's and the trusted keys' blobs, in standard base64.
	Certificate []byte   `json:"certificate"`
	Authorities [][]byte `json:"authorities"`
	// "user": CertChecker.Authenticate, as a Go SSH server. "host": CheckHostKey, as a Go client.
	// "any": CheckCert and the authority only, as pam-ussh, which does not look at the type.
	As string `json:"as"`
	// Each of these must be accepted as principal (for a host: its name).
	Principals []string `json:"principals"`
	// When not empty, one of these must literally be among the certificate's principals, as pam-ussh wants of its configured ones.
	OneOf []string `json:"oneOf"`
	// Unix time in seconds.
	Time int64 `json:"time"`
	// Critical options that the caller says it enforces; pam-ussh: none. x/crypto always allows source-address.
	SupportedCriticalOptions []string `json:"supportedCriticalOptions"`
	RevokedSerials           []string `json:"revokedSerials"`
}

type answer struct {
	ID       string `json:"id"`
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason"`
	// Of a walk.
	Walk *walkAnswer `json:"walk,omitempty"`
}

func main() {
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for scanner.Scan() {
		var c testCase
		if err := json.Unmarshal(scanner.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, "bad case:", err)
			os.Exit(2)
		}
		if err := encoder.Encode(answerTo(c)); err != nil {
			os.Exit(2)
		}
	}
	if err := scanner.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func answerTo(c testCase) answer {
	if c.Walk != nil {
		walked := walk(*c.Walk)
		return answer{ID: c.ID, Accepted: walked.Outcome == success, Walk: &walked}
	}
	if err := check(c); err != nil {
		return answer{ID: c.ID, Reason: err.Error()}
	}
	return answer{ID: c.ID, Accepted: true}
}

// x/crypto has panicked on hostile input before; that is a refusal worth reporting, not the end of the run.
func check(c testCase) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	key, err := ssh.ParsePublicKey(c.Certificate)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	cert, ok := key.(*ssh.Certificate)
	if !ok {
		return fmt.Errorf("parse: not a certificate but %s", key.Type())
	}
	for _, principal := range c.Principals {
		if err := checkPrincipal(c, cert, principal); err != nil {
			return err
		}
	}
	return checkOneOf(c, cert)
}

func checkPrincipal(c testCase, cert *ssh.Certificate, principal string) error {
	checker := checkerOf(c)
	switch c.As {
	case "user":
		_, err := checker.Authenticate(user(principal), cert)
		return err
	case "host":
		return checker.CheckHostKey(net.JoinHostPort(principal, "22"), &net.TCPAddr{}, cert)
	case "any":
		if err := checker.CheckCert(principal, cert); err != nil {
			return err
		}
		if !checker.IsUserAuthority(cert.SignatureKey) {
			return fmt.Errorf("certificate signed by unrecognized authority")
		}
		return nil
	}
	return fmt.Errorf("unknown kind of check %q", c.As)
}

func checkOneOf(c testCase, cert *ssh.Certificate) error {
	if len(c.OneOf) == 0 {
		return nil
	}
	for _, principal := range cert.ValidPrincipals {
		for _, wanted := range c.OneOf {
			if principal == wanted {
				return nil
			}
		}
	}
	return fmt.Errorf("none of %q is a principal", c.OneOf)
}

func checkerOf(c testCase) *ssh.CertChecker {
	isAuthority := func(key ssh.PublicKey) bool {
		for _, blob := range c.Authorities {
			if bytes.Equal(blob, key.Marshal()) {
				return true
			}
		}
		return false
	}
	return &ssh.CertChecker{
		SupportedCriticalOptions: c.SupportedCriticalOptions,
		IsUserAuthority:          isAuthority,
		IsHostAuthority:          func(key ssh.PublicKey, _ string) bool { return isAuthority(key) },
		Clock:                    func() time.Time { return time.Unix(c.Time, 0) },
		IsRevoked: func(cert *ssh.Certificate) bool {
			for _, serial := range c.RevokedSerials {
				if serial == fmt.Sprint(cert.Serial) {
					return true
				}
			}
			return false
		},
	}
}

// user is the one thing that Authenticate asks of a connection.
type user string

func (u user) User() string          { return string(u) }
func (u user) SessionID() []byte     { return nil }
func (u user) ClientVersion() []byte { return nil }
func (u user) ServerVersion() []byte { return nil }
func (u user) RemoteAddr() net.Addr  { return &net.TCPAddr{} }
func (u user) LocalAddr() net.Addr   { return &net.TCPAddr{} }
