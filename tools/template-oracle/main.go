// Command template-oracle answers what Go's text/template with sprig's functions makes of a template, as the
// Sealed Secrets controller sets it up: sprig.GenericFuncMap without env, expandenv and getHostByName.
//
// It reads JSON lines from stdin, {"name": "n", "text": "{{ .a }}", "data": {"a": "base64"}}, and answers each
// with one line of JSON: {"output": "base64"}, {"parse_error": "..."} or {"exec_error": "..."}. Called with the
// argument "functions", it prints the names of the functions, one a line, and ends.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"text/template"
	_ "time/tzdata" // as in the controller's image

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Name string            `json:"name"`
	Text string            `json:"text"`
	Data map[string][]byte `json:"data"`
}

type answer struct {
	Output     []byte `json:"output,omitempty"`
	ParseError string `json:"parse_error,omitempty"`
	ExecError  string `json:"exec_error,omitempty"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "functions" {
		names := []string{}
		for name := range functions() {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	if err := run(json.NewDecoder(bufio.NewReader(os.Stdin)), bufio.NewWriter(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "template-oracle:", err)
		os.Exit(1)
	}
}

func functions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	delete(functions, "getHostByName")
	return functions
}

func run(in *json.Decoder, out *bufio.Writer) error {
	defer out.Flush()
	for {
		asked := question{}
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		line, err := json.Marshal(render(asked))
		if err != nil {
			return err
		}
		out.Write(append(line, '\n'))
	}
}

func render(asked question) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{ExecError: fmt.Sprint("panic: ", problem)}
		}
	}()
	parsed, err := template.New(asked.Name).Funcs(functions()).Parse(asked.Text)
	if err != nil {
		return answer{ParseError: err.Error()}
	}
	data := map[string]string{}
	for key, value := range asked.Data {
		data[key] = string(value)
	}
	out := bytes.Buffer{}
	if err := parsed.Execute(&out, data); err != nil {
		return answer{ExecError: err.Error()}
	}
	return answer{Output: out.Bytes()}
}
