//! Search, verdicts and counterexamples. Knows no Kubernetes.
