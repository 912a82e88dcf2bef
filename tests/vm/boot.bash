# SPDX-License-Identifier: GPL-2.0
# boot.bash - boots a Debian kernel under qemu (software emulation) with our programs in an initramfs.
#
# Sourced by the tests here. Kernels come as packages and are unpacked, not installed, and stay in
# VM_CACHE; the newest of a series is looked for, since their names change with each security update.
# What cannot be had is said on standard error, with status 1: a reason to skip, not to fail.
# Nothing here says anything about time: an emulated CPU is no clock. And one thread emulates all CPUs: with
# a thread for each, as is qemu's default, a CPU may run code that another one is just changing as no real
# CPU would (seen with 7.2: a guest that attaches and detaches programs jumps to address 0 within seconds).

VM_CACHE=${VM_CACHE:-$TASKTAX_BUILD/vm}
VM_PATIENCE=300 # seconds for a guest, only a failure takes that long

# vm_missing: what this machine lacks to boot anything, or nothing.
vm_missing() {
	local command
	if [ "$(uname -m)" != x86_64 ]; then
		echo "the guests are x86_64, this machine is not"
		return
	fi
	for command in qemu-system-x86_64 busybox cpio apt-cache dpkg-deb; do
		command -v "$command" >/dev/null || {
			echo "$command is not installed"
			return
		}
	done
}

# vm_package SERIES FLAVOUR: the newest package with a kernel of this series (6.1) and flavour
# (cloud-amd64, rt-amd64, amd64).
vm_package() {
	apt-cache search --names-only "^linux-image-${1//./\\.}\\.[0-9][^ ]*[0-9]-$2\$" 2>/dev/null |
		cut -d ' ' -f 1 | sort -V | tail -n 1
}

# vm_kernel SERIES FLAVOUR: the path of the kernel image; downloaded when it is not there yet.
vm_kernel() {
	local package folder=$VM_CACHE/$1-$2 image
	image=$(compgen -G "$folder/boot/vmlinuz-*" | head -n 1)
	if [ -z "$image" ]; then
		package=$(vm_package "$1" "$2")
		[ -n "$package" ] || {
			echo "no package with a kernel $1 $2 here" >&2
			return 1
		}
		mkdir -p "$folder"
		(cd "$folder" && rm -f ./*.deb && apt-get -qq download "$package" &&
			dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinuz-*' &&
			rm -f ./*.deb) >/dev/null 2>&1 || {
			echo "$package cannot be downloaded" >&2
			return 1
		}
		image=$(compgen -G "$folder/boot/vmlinuz-*" | head -n 1)
	fi
	echo "$image"
}

# vm_libraries FILE: the shared libraries that it wants, and libgcc_s, which libc opens by itself when a
# thread is cancelled or exits.
vm_libraries() {
	{ ldd "$1" 2>/dev/null || true; } | grep -oE '/[^ ]+\.so[^ ]*'
	gcc -print-file-name=libgcc_s.so.1
}

# vm_initramfs OUT SCRIPT FILE...: busybox, the files (in /bin) with their libraries, and an init that
# runs SCRIPT and says how it ended.
vm_initramfs() {
	local out=$1 script=$2 root file lib
	shift 2
	root=$(mktemp -d "$VM_CACHE/root.XXXXXX")
	mkdir -p "$root"/{bin,sbin,etc,proc,sys,dev,tmp,root,run,results,lib64}
	ln -s lib64 "$root/lib"
	ln -s busybox "$root/bin/sh"
	for file in "$(command -v busybox)" "$@"; do
		cp "$file" "$root/bin/"
		while read -r lib; do
			[ ! -e "$lib" ] || [ -e "$root/lib64/${lib##*/}" ] ||
				cp -L "$lib" "$root/lib64/"
		done < <(vm_libraries "$file")
	done
	echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
	cp "$script" "$root/script"
	cat >"$root/init" <<-'INIT'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin:/sbin
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev
		sh /script
		echo "script ended: $?"
		poweroff -f
	INIT
	chmod +x "$root/init"
	(cd "$root" && find . -print0 | cpio --null -o -H newc --quiet) | gzip -1 >"$out"
	rm -rf "$root"
}

# vm_boot KERNEL INITRAMFS RESULTS [KERNEL-ARGUMENT]...: prints the guest's console; what the guest
# writes to /dev/ttyS1 goes into the file RESULTS. (noirqdebug: 6.1-rt takes the interrupts of an emulated
# serial port for nobody's, and turns them off.)
vm_boot() {
	local kernel=$1 initramfs=$2 results=$3
	shift 3
	timeout "$VM_PATIENCE" qemu-system-x86_64 -accel tcg,thread=single -M q35 -cpu max -smp 2 -m 512 \
		-nodefaults -no-user-config -no-reboot -display none -serial stdio \
		-serial "file:$results" -kernel "$kernel" -initrd "$initramfs" \
		-append "console=ttyS0 panic=-1 quiet noirqdebug $*" </dev/null | tr -d '\r'
}
