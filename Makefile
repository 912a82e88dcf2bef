# SPDX-License-Identifier: GPL-2.0
#
# tasktax. `make help` lists the targets; every product goes under build/.
#
#   bpf/*.bpf.c -> build/bpf/*.o -> build/bpf/tasktax.bpf.o -> build/tasktax.skel.h
#   user/**/*.c -> build/tasktax (all but main.c also in build/libtasktax.a, for the tests)
#   examples/demo/*.c -> build/tasktax-demo

VERSION := 0.1.0
PREFIX ?= /usr/local
V ?= 0
SANITIZE ?= 0

# Root's tools are not on every user's path.
export PATH := $(PATH):/usr/sbin:/sbin

ifeq ($(SANITIZE),1)
BUILD ?= build/asan
else
BUILD ?= build
endif

CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config

ARCH := $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/')
VMLINUX ?= vmlinux/$(ARCH)

# $(call msg,WHAT,TARGET): one line per step; V=1 shows the command instead.
ifeq ($(V),1)
Q :=
msg :=
else
Q := @
msg = @printf '  %-8s %s\n' "$(1)" "$(2)";
MAKEFLAGS += --no-print-directory
endif

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror
INCLUDES := -Iuser -Ibpf -I$(BUILD)
ALL_CFLAGS := $(CFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(INCLUDES) -MMD -MP
ifeq ($(SANITIZE),1)
ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDFLAGS := -fsanitize=address,undefined $(LDFLAGS)
else
ALL_CFLAGS += -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now $(LDFLAGS)
endif

LIBRARIES := libbpf libelf zlib jansson libcap-ng
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null || \
	   echo -lbpf -lelf -lz -ljansson -lcap-ng) -lpthread -lm

BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Werror -D__TARGET_ARCH_$(ARCH) \
	      -I$(VMLINUX) -Ibpf -MMD -MP

# The file that defines the maps goes first: the linker of libbpf 1.1 wants it before their users.
BPF_SOURCES := bpf/sched.bpf.c $(filter-out bpf/sched.bpf.c,$(wildcard bpf/*.bpf.c))
BPF_OBJECTS := $(BPF_SOURCES:bpf/%.bpf.c=$(BUILD)/bpf/%.o)
USER_SOURCES := $(wildcard user/*.c user/*/*.c)
USER_OBJECTS := $(USER_SOURCES:%.c=$(BUILD)/%.o)
LIBRARY_OBJECTS := $(filter-out $(BUILD)/user/main.o,$(USER_OBJECTS))
DEMO_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard examples/demo/*.c))
TEST_SOURCES := $(wildcard tests/unit/test_*.c tests/bpf/test_*.c)
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)
TARGET_SOURCES := $(wildcard tests/e2e/targets/*.c)
TARGETS := $(TARGET_SOURCES:tests/e2e/targets/%.c=$(BUILD)/tests/targets/%)

.PHONY: all
all: $(BUILD)/tasktax $(BUILD)/tasktax-demo ## build everything (the default)

# ---- BPF ---------------------------------------------------------------------------------------

$(BUILD)/bpf/%.o: bpf/%.bpf.c Makefile
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/tasktax.bpf.o: $(BPF_OBJECTS)
	$(call msg,GEN-OBJ,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/tasktax.skel.h: $(BUILD)/bpf/tasktax.bpf.o
	$(call msg,GEN-SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name tasktax_bpf > $@.tmp && mv $@.tmp $@

# ---- the loader --------------------------------------------------------------------------------

# From a git tree the version names the commit too; the file changes only when the version does.
GIT_VERSION := $(shell git describe --always --dirty --match 'v*' 2>/dev/null)
FULL_VERSION := $(VERSION)$(if $(GIT_VERSION),-g$(GIT_VERSION))
.PHONY: version
$(BUILD)/version.h: version
	@mkdir -p $(@D)
	@echo '#define TASKTAX_VERSION "$(FULL_VERSION)"' | cmp -s - $@ || \
		echo '#define TASKTAX_VERSION "$(FULL_VERSION)"' > $@

$(BUILD)/user/%.o: user/%.c Makefile | $(BUILD)/tasktax.skel.h $(BUILD)/version.h
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/libtasktax.a: $(LIBRARY_OBJECTS)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tasktax: $(BUILD)/user/main.o $(BUILD)/libtasktax.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ $(LDLIBS)

# ---- the companion demo ------------------------------------------------------------------------

$(BUILD)/examples/%.o: examples/%.c Makefile | $(BUILD)/version.h
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/tasktax-demo: $(DEMO_OBJECTS) $(BUILD)/libtasktax.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ -lpthread -lm

# ---- tests -------------------------------------------------------------------------------------

$(BUILD)/tests/%: tests/%.c $(BUILD)/libtasktax.a Makefile
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $< $(BUILD)/libtasktax.a -o $@ -lcmocka $(LDLIBS)

# Programs with a known behaviour, to be traced. Not sanitized: their behaviour is the point.
$(BUILD)/tests/targets/%: tests/e2e/targets/%.c Makefile
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $< -o $@ -lpthread

.PHONY: tests
tests: all $(TESTS) $(TARGETS) ## build the tests

.PHONY: test
test: ## install what is missing, build, run every test
	@tests/packages install build test
	@$(MAKE) tests
	@TASKTAX_BUILD=$(abspath $(BUILD)) tests/run $(T)

.PHONY: soak
soak: ## repeated and long runs, by hand
	@tests/packages install build test
	@$(MAKE) tests
	@TASKTAX_BUILD=$(abspath $(BUILD)) tests/run soak

.PHONY: bench
bench: ## times and ratios against the peers, by hand
	@tests/packages install build test bench
	@$(MAKE) tests
	@TASKTAX_BUILD=$(abspath $(BUILD)) tests/bench/run

.PHONY: demo
demo: ## install what is missing, build, compare processes with threads on this machine
	@tests/packages install build
	@$(MAKE) all
	@[ "$$(id -u)" = 0 ] || { \
		echo "make demo: tracing needs root: run \`sudo make demo'" >&2; exit 1; }
	@$(BUILD)/tasktax lab ring

.PHONY: check
check: ## format, linters, builds against other headers
	@tests/packages install build test check
	@$(MAKE) all
	@BUILD=$(BUILD) tests/check

# ---- installation ------------------------------------------------------------------------------

DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/tasktax

.PHONY: install
install: all ## install into $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/tasktax $(DESTDIR)$(PREFIX)/bin/tasktax
	install -D -m 755 $(BUILD)/tasktax-demo $(DESTDIR)$(PREFIX)/bin/tasktax-demo
	install -D -m 644 README.md $(DOCDIR)/README.md
	install -D -m 644 user/output/report.schema.json $(DOCDIR)/report.schema.json

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/tasktax $(DESTDIR)$(PREFIX)/bin/tasktax-demo
	rm -rf $(DOCDIR)

.PHONY: clean
clean: ## remove every product
	rm -rf build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

-include $(BPF_OBJECTS:.o=.d) $(USER_OBJECTS:.o=.d) $(DEMO_OBJECTS:.o=.d) $(TESTS:=.d)
