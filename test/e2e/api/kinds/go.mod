module bots-edi/kinds

go 1.26.0

require (
	github.com/bitnami-labs/sealed-secrets v0.30.0
	github.com/cert-manager/cert-manager v1.18.2
	github.com/external-secrets/external-secrets v1.3.2
)
