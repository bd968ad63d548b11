// Command yaml-oracle answers what Kubernetes' own readers make of YAML and JSON.
//
// It reads cases from stdin, each a big-endian uint32 of its length and then its bytes, and answers
// each with one line of JSON: {"documents": [...]} as kubectl's decoder yields them, or {"error": "..."}.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

type answer struct {
	Documents []json.RawMessage `json:"documents"`
	Error     string            `json:"error,omitempty"`
}

func main() {
	if err := run(bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "yaml-oracle:", err)
		os.Exit(1)
	}
}

func run(in *bufio.Reader, out *bufio.Writer) error {
	defer out.Flush()
	for {
		var length uint32
		if err := binary.Read(in, binary.BigEndian, &length); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		line, err := json.Marshal(decode(text))
		if err != nil {
			return err
		}
		out.Write(line)
		out.WriteByte('\n')
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}

// decode does what the visitor of k8s.io/cli-runtime/pkg/resource does with a stream.
func decode(text []byte) (result answer) {
	result.Documents = []json.RawMessage{}
	defer func() {
		if problem := recover(); problem != nil {
			result.Error = fmt.Sprint("panic: ", problem)
		}
	}()
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		extension := runtime.RawExtension{}
		if err := decoder.Decode(&extension); errors.Is(err, io.EOF) {
			return result
		} else if err != nil {
			result.Error = err.Error()
			return result
		}
		raw := bytes.TrimSpace(extension.Raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		if !json.Valid(raw) {
			result.Error = "not valid JSON"
			return result
		}
		result.Documents = append(result.Documents, raw)
	}
}
