package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// walkCase asks what becomes of an agent's certificates when one after the other is tried, in the agent's order, as pam-ussh tries them:
// the first that passes the checks, signs and has a wanted principal is accepted; the first that passes the checks and can not sign ends it all.
type walkCase struct {
	// Path of the agent's socket.
	Agent string `json:"agent"`
	// The contents of a file of CA keys, in standard base64.
	AuthorityFile []byte `json:"authorityFile"`
	User          string `json:"user"`
	// Wanted principals; without any, every certificate of the user is good.
	Wanted []string `json:"wanted"`
	// Unix time in seconds.
	Time int64 `json:"time"`
	// How long the agent may take, in milliseconds; pam-ussh would wait for ever.
	Patience int `json:"patience"`
}

// walkAnswer says how it ended, and what happened on the way, in the words that pam-ussh has for it.
type walkAnswer struct {
	Outcome string   `json:"outcome"`
	Log     []string `json:"log"`
}

const (
	success = "success"
	refused = "refused"
	panics  = "panic"
	hangs   = "hang"
)

func walk(c walkCase) (answer walkAnswer) {
	answer.Log = []string{}
	say := func(format string, args ...interface{}) {
		answer.Log = append(answer.Log, fmt.Sprintf(format, args...))
	}
	defer func() {
		if recover() != nil {
			answer.Outcome = panics
		}
	}()
	conn, err := net.Dial("unix", c.Agent)
	if err != nil {
		say("error opening auth sock")
		answer.Outcome = refused
		return answer
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Duration(c.Patience) * time.Millisecond)); err != nil {
		panic(err)
	}
	answer.Outcome = tryAll(c, agent.NewClient(conn), say)
	return answer
}

func tryAll(c walkCase, client agent.Agent, say func(string, ...interface{})) string {
	keys, err := client.List()
	if isTimeout(err) {
		return hangs
	}
	if err != nil {
		say("Error listing keys: %v", err)
		return refused
	}
	if len(keys) == 0 {
		say("No certs loaded.")
		return refused
	}
	authorities := authoritiesOf(c.AuthorityFile, say)
	for _, key := range keys {
		if outcome := try(c, client, key, authorities, say); outcome != "" {
			return outcome
		}
	}
	say("no valid certs found")
	return refused
}

// try returns "" when the next key is to be tried.
func try(c walkCase, client agent.Agent, key *agent.Key, authorities [][]byte, say func(string, ...interface{})) string {
	parsed, err := ssh.ParsePublicKey(key.Blob)
	if err != nil {
		return ""
	}
	cert, isCertificate := parsed.(*ssh.Certificate)
	if !isCertificate {
		return ""
	}
	checker := checkerOf(testCase{Authorities: authorities, Time: c.Time})
	if checker.CheckCert(c.User, cert) != nil {
		return ""
	}
	if !checker.IsUserAuthority(cert.SignatureKey) {
		say("certificate signed by unrecognized authority")
		return ""
	}
	if outcome := trySigning(client, cert, say); outcome != "" {
		return outcome
	}
	return tryPrincipals(c, cert, say)
}

func trySigning(client agent.Agent, cert *ssh.Certificate, say func(string, ...interface{})) string {
	challenge := make([]byte, 32)
	signature, err := client.Sign(cert, challenge)
	if isTimeout(err) {
		return hangs
	}
	if err != nil {
		say("error signing data: %v", err)
		return refused
	}
	if err := cert.Verify(challenge, signature); err != nil {
		say("signature verification failed: %v", err)
		return refused
	}
	return ""
}

func tryPrincipals(c walkCase, cert *ssh.Certificate, say func(string, ...interface{})) string {
	if len(c.Wanted) == 0 {
		say("Authentication succeeded for %q (cert %q, %d)", c.User, cert.ValidPrincipals[0], cert.Serial)
		return success
	}
	for _, principal := range cert.ValidPrincipals {
		for _, wanted := range c.Wanted {
			if principal == wanted {
				say("Authentication succeded for %s. Matched principal %s, cert %d", cert.ValidPrincipals[0], principal, cert.Serial)
				return success
			}
		}
	}
	return ""
}

func authoritiesOf(file []byte, say func(string, ...interface{})) [][]byte {
	var blobs [][]byte
	for {
		key, _, _, rest, err := ssh.ParseAuthorizedKey(file)
		if err != nil {
			say("skipping bad public key: %v", err)
			return blobs
		}
		blobs = append(blobs, key.Marshal())
		if len(rest) == 0 {
			return blobs
		}
		file = rest
	}
}

// The agent's client hides the cause in a text.
func isTimeout(err error) bool {
	return err != nil && strings.HasSuffix(err.Error(), os.ErrDeadlineExceeded.Error())
}
