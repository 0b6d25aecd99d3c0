// Judges our notes and proofs with the code of Go's checksum database (golang.org/x/mod/sumdb), which has nothing in
// common with ours. Reads one question as JSON from stdin, writes what is wrong, one line each, and a note of its own.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Size  int64
	Root  tlog.Hash
	Index int64
	Leaf  []byte
	Proof []tlog.Hash
}

type consistency struct {
	From, To         int64
	FromRoot, ToRoot tlog.Hash
	Proof            []tlog.Hash
}

type question struct {
	VerifierKey string
	Note        string
	SignerKey   string
	Inclusion   []inclusion
	Consistency []consistency
}

type answer struct {
	Faults []string
	Text   string
	Signed string
}

func main() {
	var q question
	must(json.NewDecoder(os.Stdin).Decode(&q))
	a := answer{Faults: []string{}}
	a.Text = open(q)
	for _, p := range q.Inclusion {
		if err := tlog.CheckRecord(p.Proof, p.Size, p.Root, p.Index, tlog.RecordHash(p.Leaf)); err != nil {
			a.Faults = append(a.Faults, fmt.Sprintf("leaf %d of %d: %v", p.Index, p.Size, err))
		}
	}
	for _, p := range q.Consistency {
		if err := tlog.CheckTree(p.Proof, p.To, p.ToRoot, p.From, p.FromRoot); err != nil {
			a.Faults = append(a.Faults, fmt.Sprintf("%d to %d: %v", p.From, p.To, err))
		}
	}
	a.Signed = sign(q, a.Text)
	must(json.NewEncoder(os.Stdout).Encode(a))
}

func open(q question) string {
	verifier, err := note.NewVerifier(q.VerifierKey)
	must(err)
	opened, err := note.Open([]byte(q.Note), note.VerifierList(verifier))
	must(err)
	return opened.Text
}

func sign(q question, text string) string {
	signer, err := note.NewSigner(q.SignerKey)
	must(err)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	return string(signed)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
