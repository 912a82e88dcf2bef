#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# gen.sh [BTF] - the full vmlinux.h of a kernel, from its BTF (default: the running one), on standard
# output. To build against it: vmlinux/gen.sh > DIR/vmlinux.h && make VMLINUX=DIR
set -euo pipefail
btf=${1:-/sys/kernel/btf/vmlinux}
PATH=$PATH:/usr/sbin:/sbin
command -v bpftool > /dev/null || { echo "gen.sh: bpftool is not installed" >&2; exit 1; }
[ -r "$btf" ] || { echo "gen.sh: no BTF at $btf" >&2; exit 1; }
bpftool btf dump file "$btf" format c
