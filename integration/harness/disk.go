package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A Disk is a file system whose power can be cut: ext4 on a loop device. What a program wrote and did
// not sync is in the kernel's memory, and the file behind the device has only what the kernel was made
// to write. A copy of that file at one moment is what a disk would hold whose power went then.
//
// It stands for a machine with a disk that keeps what it was told to flush. It says nothing about a
// disk that lies about flushing, or that tears a block in half.
type Disk struct {
	t     testing.TB
	image string
	cuts  int
	// Dir is where it is mounted.
	Dir string
}

const diskSize = 256 << 20 // bytes; sparse

// NewDisk makes a disk, and skips the test where the machine lets nobody mount one.
func NewDisk(t testing.TB) *Disk {
	t.Helper()
	d := &Disk{t: t, image: filepath.Join(t.TempDir(), "disk"), Dir: t.TempDir()}
	file, err := os.Create(d.image)
	if err == nil {
		err = file.Truncate(diskSize)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = file.Close() // nothing was written to it
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Skipf("a power cut can't be tried here, it takes mkfs.ext4: %v %s", err, out)
	}
	if err := d.mount(); err != nil {
		t.Skipf("a power cut can't be tried here, it takes root and a loop device: %v", err)
	}
	t.Cleanup(func() { _ = d.unmount() })
	return d
}

// mount mounts the image so that the kernel writes as little as it can by itself: it commits its
// journal seldom, and does not guess which files a careless program would want synced.
func (d *Disk) mount() error {
	return run("mount", "-o", "loop,noatime,commit=300,noauto_da_alloc", d.image, d.Dir)
}

func (d *Disk) unmount() error { return run("umount", "-l", d.Dir) }

// Cut takes the power away: what is not on the disk is gone, once whoever uses it has died. Freeze
// them first, so that nothing changes under the copy.
func (d *Disk) Cut(kill func()) {
	d.t.Helper()
	d.cuts++
	next := fmt.Sprintf("%s-%d", d.image, d.cuts)
	err := run("cp", "--sparse=always", d.image, next)
	kill()
	if err == nil {
		err = d.unmount() // this writes what was in memory, to an image that nobody looks at again
	}
	if err == nil {
		d.image = next
		err = d.mount() // this replays the journal of ext4, as the start after a power cut does
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}
