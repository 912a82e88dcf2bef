# SPDX-License-Identifier: GPL-2.0
# boot.bash - boots a Debian kernel under qemu (software emulation) with our programs in an initramfs.
#
# Sourced by the .bats files here. Kernels come as packages and are unpacked, not installed; the
# newest one is found through its meta package, since ABI names move with each security update.
# Nothing here says anything about time: an emulated CPU is no clock.

VM_CACHE=${VM_CACHE:-$TASKTAX_BUILD/vm}

# vm_kernel META: prints the path of the newest kernel image of this meta package.
vm_kernel() {
	local meta=$1 package dir=$VM_CACHE/$1
	local -a image=("$dir"/boot/vmlinuz-*)
	if [ -e "${image[0]}" ]; then
		echo "${image[0]}"
		return
	fi
	package=$(apt-cache show --no-all-versions "$meta" |
		sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')
	[ -n "$package" ] || { echo "vm: no package behind $meta" >&2; return 1; }
	mkdir -p "$dir"
	(cd "$dir" && apt-get -qq download "$package" >/dev/null &&
		dpkg-deb --fsys-tarfile "$package"_*.deb |
		tar -x --wildcards './boot/vmlinuz-*' && rm -f ./*.deb)
	image=("$dir"/boot/vmlinuz-*)
	echo "${image[0]}"
}

# vm_initramfs OUT SCRIPT FILE...: busybox, the files (in /bin) with their libraries, and an init that
# runs SCRIPT and says how it ended.
vm_initramfs() {
	local out=$1 script=$2 root file lib
	shift 2
	root=$(mktemp -d "$VM_CACHE/root.XXXXXX")
	mkdir -p "$root"/{bin,sbin,etc,proc,sys,dev,tmp,root,run,lib64}
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	for file; do
		cp "$file" "$root/bin/"
		while read -r lib; do
			[ -e "$root$lib" ] || install -D "$(readlink -f "$lib")" "$root$lib"
		done < <({ ldd "$file" 2>/dev/null || true; } | grep -oE '/[^ ]+\.so[^ ]*')
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

# vm_boot KERNEL INITRAMFS [KERNEL-ARGUMENT]...: prints the guest's console.
vm_boot() {
	local kernel=$1 initramfs=$2
	shift 2
	timeout 120 qemu-system-x86_64 -accel tcg -M q35 -cpu max -smp 2 -m 512 -nodefaults \
		-no-user-config -no-reboot -display none -serial stdio -kernel "$kernel" \
		-initrd "$initramfs" -append "console=ttyS0 panic=-1 quiet $*" </dev/null | tr -d '\r'
}
