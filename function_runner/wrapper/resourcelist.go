package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	listKind = "ResourceList"

	severityError = "error"
	severityInfo  = "info"
)

// resourceList is what is read of a function's output; its items stay opaque.
type resourceList struct {
	Kind           string           `yaml:"kind"`
	Items          []yaml.Node      `yaml:"items"`
	FunctionConfig map[string]any   `yaml:"functionConfig"`
	Results        []functionResult `yaml:"results"`
}

// functionResult is one structured result of a function.
type functionResult struct {
	Message     string            `json:"message" yaml:"message"`
	Severity    string            `json:"severity,omitempty" yaml:"severity"`
	ResourceRef *resourceRef      `json:"resourceRef,omitempty" yaml:"resourceRef"`
	Field       *fieldRef         `json:"field,omitempty" yaml:"field"`
	File        *fileRef          `json:"file,omitempty" yaml:"file"`
	Tags        map[string]string `json:"tags,omitempty" yaml:"tags"`
}

type resourceRef struct {
	APIVersion string `json:"apiVersion,omitempty" yaml:"apiVersion"`
	Kind       string `json:"kind,omitempty" yaml:"kind"`
	Name       string `json:"name,omitempty" yaml:"name"`
	Namespace  string `json:"namespace,omitempty" yaml:"namespace"`
}

type fieldRef struct {
	Path          string    `json:"path,omitempty" yaml:"path"`
	CurrentValue  valueText `json:"currentValue,omitempty" yaml:"currentValue"`
	ProposedValue valueText `json:"proposedValue,omitempty" yaml:"proposedValue"`
}

type fileRef struct {
	Path  string `json:"path,omitempty" yaml:"path"`
	Index int    `json:"index,omitempty" yaml:"index"`
}

// valueText is a value of any kind, as text: a scalar as it is written, anything else as JSON.
type valueText string

// UnmarshalYAML reads a value of any kind.
func (v *valueText) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*v = valueText(node.Value)
		return nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	*v = valueText(text)
	return err
}

// parseResourceList reads what a function printed: one YAML document of kind ResourceList, whose
// `functionConfig` is a map, `items` a list and `results` a list of results, where they are there.
func parseResourceList(output []byte) (resourceList, error) {
	var list resourceList
	documents := yaml.NewDecoder(bytes.NewReader(output))
	if err := documents.Decode(&list); err != nil {
		if errors.Is(err, io.EOF) {
			return list, errors.New("it must be one YAML document, found none")
		}
		return list, err
	}
	if list.Kind != listKind {
		return list, fmt.Errorf("its kind must be %q, found %q", listKind, list.Kind)
	}
	var more yaml.Node
	if err := documents.Decode(&more); !errors.Is(err, io.EOF) {
		return list, errors.New("it must be one YAML document, found more")
	}
	return list, nil
}

func hasErrors(results []functionResult) bool {
	for _, result := range results {
		if result.Severity == severityError {
			return true
		}
	}
	return false
}

// resultsText tells the results to people, an empty line between two.
func resultsText(results []functionResult) string {
	lines := make([]string, 0, len(results))
	for _, result := range results {
		lines = append(lines, result.String())
	}
	return strings.Join(lines, "\n\n")
}

// String is `[severity] apiVersion/kind/namespace/name field: message`, without what is not known.
func (r functionResult) String() string {
	words := []string{"[" + nonEmpty(r.Severity, severityInfo) + "]"}
	if ref := r.ResourceRef; ref != nil {
		var parts []string
		for _, part := range []string{ref.APIVersion, ref.Kind, ref.Namespace, ref.Name} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		words = append(words, strings.Join(parts, "/"))
	}
	if r.Field != nil {
		words = append(words, r.Field.Path)
	}
	return strings.Join(withoutEmpty(words), " ") + ": " + r.Message
}

func nonEmpty(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func withoutEmpty(words []string) []string {
	var kept []string
	for _, word := range words {
		if word != "" {
			kept = append(kept, word)
		}
	}
	return kept
}
