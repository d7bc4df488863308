package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const copyUsage = "usage: cp -a DIRECTORY/. TARGET"

// runCopy copies what is in a directory, as the init container of a function's pod asks for it.
func runCopy(arguments []string, complaints io.Writer) int {
	if len(arguments) != 3 || arguments[0] != "-a" || !strings.HasSuffix(arguments[1], "/.") {
		fmt.Fprintln(complaints, copyUsage)
		return exitUsage
	}
	if err := copyTree(filepath.Clean(arguments[1]), arguments[2]); err != nil {
		fmt.Fprintln(complaints, "cp:", err)
		return 1
	}
	return 0
}

// copyTree puts the content of one directory into another; what is there already is replaced, for an
// init container may run again.
func copyTree(source, target string) error {
	return filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		to := filepath.Join(target, inside)
		switch kind := entry.Type(); {
		case kind.IsDir():
			return os.MkdirAll(to, 0o755)
		case kind.IsRegular():
			return replace(to, func(aside string) error { return copyFile(path, aside) })
		case kind&fs.ModeSymlink != 0:
			return replace(to, func(aside string) error { return copyLink(path, aside) })
		default:
			return fmt.Errorf("%s must be a file, a link or a directory", path)
		}
	})
}

// replace makes a file aside and gives it its name when it is whole.
func replace(path string, create func(aside string) error) error {
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := create(aside); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	// Not at creation, where the umask would take bits away.
	return errors.Join(err, target.Chmod(info.Mode().Perm()), target.Close())
}

func copyLink(from, to string) error {
	aim, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(aim, to)
}
