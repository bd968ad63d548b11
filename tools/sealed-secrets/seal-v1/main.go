// seal-v1 writes a SealedSecret in the format before 0.7 (spec.data), which kubeseal no longer does: the Secret on
// stdin, sealed by upstream's own code for the certificate in the file that is named.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"crypto/rsa"

	"github.com/bitnami/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/cert"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: seal-v1 CERTIFICATE < secret.json")
	}
	pem, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	certs, err := cert.ParseCertsPEM(pem)
	if err != nil {
		return err
	}
	key, ok := certs[0].PublicKey.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("not an RSA certificate")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var secret v1.Secret
	if err := json.Unmarshal(input, &secret); err != nil {
		return err
	}
	sealed, err := v1alpha1.NewSealedSecretV1(scheme.Codecs, key, &secret)
	if err != nil {
		return err
	}
	sealed.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("SealedSecret"))
	output, err := json.MarshalIndent(sealed, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(output))
	return nil
}
