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

# Root's tools are not on every user's path. Make before 4.4 keeps this from $(shell), hence SHELL_PATH.
SHELL_PATH := PATH="$$PATH:/usr/sbin:/sbin"
export PATH := $(PATH):/usr/sbin:/sbin

ifeq ($(SANITIZE),1)
BUILD ?= build/asan
else
BUILD ?= build
endif

CLANG ?= clang
PKG_CONFIG ?= pkg-config
# Ubuntu's bpftool is a script that refuses when the running kernel is not a packaged one (containers).
ifeq ($(origin BPFTOOL),undefined)
BPFTOOL := $(or $(shell $(SHELL_PATH) bpftool version >/dev/null 2>&1 && echo bpftool),\
		$(lastword $(sort $(wildcard /usr/lib/linux-tools*/*/bpftool))),bpftool)
endif

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

LIBRARIES := libbpf libelf zlib jansson libcap-ng libmicrohttpd ncursesw libprotobuf-c
ALL_LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null || \
	        echo -lbpf -lelf -lz -ljansson -lcap-ng -lmicrohttpd -lncursesw -ltinfo -lprotobuf-c) -lpthread -lm $(LDLIBS)

# _GNU_SOURCE is empty, so that a file which defines it the usual way defines the same.
CFLAGS ?= -O2 -g
DIALECT := -std=gnu11 -D_GNU_SOURCE=
WARNINGS := -Wall -Wextra -Werror
INCLUDES := -Iuser -Ibpf -I$(BUILD) $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
ALL_CFLAGS := $(DIALECT) $(WARNINGS) $(INCLUDES) -MMD -MP
ifeq ($(SANITIZE),1)
ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDFLAGS := -fsanitize=address,undefined
else
ALL_CFLAGS += -fPIE -fstack-protector-strong
# Fortified functions need an optimizer; some distributions' compilers define a level themselves.
ifneq ($(filter-out -O0,$(filter -O%,$(CFLAGS))),)
ALL_CFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now
endif
# The user's own come last and win.
ALL_CFLAGS += $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS += $(LDFLAGS)

BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Werror -D__TARGET_ARCH_$(ARCH) \
	      -I$(VMLINUX) -Ibpf $(shell $(PKG_CONFIG) --cflags libbpf 2>/dev/null) -MMD -MP

# The file that defines the maps goes first: the linker of libbpf 1.1 wants it before their users.
BPF_SOURCES := bpf/sched.bpf.c $(filter-out bpf/sched.bpf.c,$(wildcard bpf/*.bpf.c))
BPF_OBJECTS := $(BPF_SOURCES:bpf/%.bpf.c=$(BUILD)/bpf/%.o)
USER_SOURCES := $(wildcard user/*.c user/*/*.c)
USER_OBJECTS := $(USER_SOURCES:%.c=$(BUILD)/%.o)
LIBRARY_OBJECTS := $(filter-out $(BUILD)/user/main.o,$(USER_OBJECTS)) $(BUILD)/export/perfetto.pb-c.o
DEMO_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard examples/demo/*.c))
TEST_SOURCES := $(wildcard tests/unit/test_*.c tests/bpf/test_*.c)
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
DRIVERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/drivers/*.c))
TARGET_SOURCES := $(wildcard tests/e2e/targets/*.c)
TARGETS := $(TARGET_SOURCES:tests/e2e/targets/%.c=$(BUILD)/tests/targets/%)

.PHONY: all
all: $(BUILD)/tasktax $(BUILD)/tasktax-demo ## build everything (the default)
	@:

.DELETE_ON_ERROR:

# Chart.js, as distributions have it; without it the pages have tables only. CHARTJS= leaves it out.
CHARTJS ?= $(firstword $(wildcard /usr/share/javascript/chart.js/chart.min.js \
			/usr/share/nodejs/chart.js/dist/chart.min.js))

# What make cannot see by dates: changed flags rebuild all, a source added or gone links again.
FLAGS := $(strip $(CHARTJS) $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(ALL_LDLIBS) $(CLANG) $(BPF_CFLAGS) $(BPFTOOL))
SOURCES := $(strip $(BPF_SOURCES) $(USER_SOURCES) $(DEMO_OBJECTS))
.PHONY: force
ifneq ($(file <$(BUILD)/flags),$(FLAGS))
$(BUILD)/flags: force
endif
ifneq ($(file <$(BUILD)/sources),$(SOURCES))
$(BUILD)/sources: force
endif
$(BUILD)/flags: export NOW = $(FLAGS)
$(BUILD)/sources: export NOW = $(SOURCES)
$(BUILD)/flags $(BUILD)/sources:
	@mkdir -p $(@D)
	@printf '%s\n' "$$NOW" >$@

# ---- BPF ---------------------------------------------------------------------------------------

$(BUILD)/bpf/%.o: bpf/%.bpf.c Makefile $(BUILD)/flags
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/tasktax.bpf.o: $(BPF_OBJECTS) $(BUILD)/sources
	$(call msg,GEN-OBJ,$@)
	$(Q)$(BPFTOOL) gen object $@ $(filter %.o,$^)

$(BUILD)/tasktax.skel.h: $(BUILD)/bpf/tasktax.bpf.o
	$(call msg,GEN-SKEL,$@)
	$(Q){ echo '/* NOLINTBEGIN: generated */' && $(BPFTOOL) gen skeleton $< name tasktax_bpf && \
		echo '/* NOLINTEND */'; } >$@

# ---- the loader --------------------------------------------------------------------------------

# In a git tree the version names the commit, unless it is the release's own; the file changes only
# when the version does. git may not write its index here: that would get in the way of a commit.
GIT_COMMIT := $(shell [ ! -e .git ] || git describe --always --match 'v$(VERSION)' 2>/dev/null | \
		sed -e 's/^v$(VERSION)//' -e t -e 's/^/-g/')
GIT_DIRTY := $(shell [ ! -e .git ] || \
	       git --no-optional-locks status --porcelain -uno 2>/dev/null | sed -n '1s/.*/-dirty/p')
FULL_VERSION := $(VERSION)$(GIT_COMMIT)$(GIT_DIRTY)
ifeq ($(findstring "$(FULL_VERSION)",$(file <$(BUILD)/version.h)),)
$(BUILD)/version.h: force
endif
$(BUILD)/version.h:
	@mkdir -p $(@D)
	@echo '#define TASKTAX_VERSION "$(FULL_VERSION)"' >$@

$(BUILD)/user/%.o: user/%.c Makefile $(BUILD)/flags | $(BUILD)/tasktax.skel.h $(BUILD)/version.h
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/libtasktax.a: $(LIBRARY_OBJECTS) $(BUILD)/sources
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/tasktax: $(BUILD)/user/main.o $(BUILD)/libtasktax.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(ALL_LDFLAGS) -o $@ $(ALL_LDLIBS)

# ---- Perfetto's messages ------------------------------------------------------------------------

$(BUILD)/export/perfetto.pb-c.c: user/export/perfetto.proto
	$(call msg,PROTOC,$@)
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=$(<D) --c_out=$(@D) $(<F)

# Not ours: without our warnings.
$(BUILD)/export/perfetto.pb-c.o: $(BUILD)/export/perfetto.pb-c.c Makefile $(BUILD)/flags
	$(call msg,CC,$@)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(ALL_CFLAGS)) -c $< -o $@

$(BUILD)/export/perfetto.pb-c.h: $(BUILD)/export/perfetto.pb-c.c
$(BUILD)/user/export/perfetto_packets.o: $(BUILD)/export/perfetto.pb-c.h

# ---- what every page of HTML has in it ----------------------------------------------------------

$(BUILD)/assets/page.%: user/html/page.%
	@mkdir -p $(@D)
	$(Q)cp $< $@

# A script ends at the first such tag, whatever stands around it.
$(BUILD)/assets/chart.js: $(CHARTJS) $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)if [ -z '$(CHARTJS)' ]; then \
		echo '  NOTE     no Chart.js (libjs-chart.js): pages of HTML will have no pictures'; : >$@; \
	elif grep -qi -e '</script' -e '<!--' '$(CHARTJS)'; then \
		echo '$(CHARTJS): it cannot stand in a page of HTML' >&2; exit 1; \
	else cp '$(CHARTJS)' $@; fi

ASSETS := style:page.css script:page.js chart:chart.js
$(BUILD)/assets_hash.h: $(BUILD)/assets/page.css $(BUILD)/assets/page.js $(BUILD)/assets/chart.js
	$(call msg,GEN-HASH,$@)
	$(Q)for asset in $(ASSETS); do \
		hash=$$(sha256sum <"$(BUILD)/assets/$${asset#*:}" | cut -c1-64 | tr a-f A-F | \
			basenc --base16 -d | basenc --base64) && \
		echo "#define ASSET_HASH_$${asset%%:*} \"$$hash\"" || exit; \
	done >$@

$(BUILD)/user/html/assets.o: $(BUILD)/assets_hash.h

# ---- the companion demo ------------------------------------------------------------------------

$(BUILD)/examples/%.o: examples/%.c Makefile $(BUILD)/flags | $(BUILD)/version.h
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/tasktax-demo: $(DEMO_OBJECTS) $(BUILD)/libtasktax.a $(BUILD)/sources
	$(call msg,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(filter %.o %.a,$^) $(ALL_LDFLAGS) -o $@ -lpthread -lm

# ---- tests -------------------------------------------------------------------------------------

# Programs with a known behaviour, to be traced. Not sanitized: their behaviour is the point.
$(BUILD)/tests/targets/%: tests/e2e/targets/%.c Makefile $(BUILD)/flags
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g $(DIALECT) $(WARNINGS) -MMD -MP $< -o $@ -lpthread

$(BUILD)/tests/%: tests/%.c $(BUILD)/libtasktax.a Makefile $(BUILD)/flags
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(BUILD)/libtasktax.a $(ALL_LDFLAGS) -o $@ -lcmocka $(ALL_LDLIBS)

.PHONY: tests
tests: all $(TESTS) $(TARGETS) $(BENCHES) $(DRIVERS) ## build the tests
	@:

.PHONY: test
test: ## install what is missing, build, run every test; T='unit e2e/run.bats' picks some
	@tests/packages install build test
	@$(MAKE) tests
	@TASKTAX_BUILD='$(BUILD)' tests/run $(T)

.PHONY: soak
soak: ## repeated and long runs, by hand
	@tests/packages install build test
	@$(MAKE) tests
	@TASKTAX_BUILD='$(BUILD)' tests/run soak

.PHONY: bench
bench: ## times and ratios against the peers, by hand
	@tests/packages install build test bench
	@$(MAKE) tests
	@TASKTAX_BUILD='$(abspath $(BUILD))' tests/bench/run
	@TASKTAX_BUILD='$(abspath $(BUILD))' tests/bench/lab
	@TASKTAX_BUILD='$(abspath $(BUILD))' tests/bench/record

.PHONY: fuzz
fuzz: ## look for recordings that break the reader, for 30 minutes, by hand
	@tests/packages install build test
	@$(MAKE) all
	@TASKTAX_BUILD='$(BUILD)' tests/fuzz/run 1800

.PHONY: demo
demo: ## install what is missing, build, compare processes with threads on this machine
	@tests/packages install build demo
	@$(MAKE) all
	@[ "$$(id -u)" = 0 ] || { \
		echo "make demo: tracing needs root: run \`sudo make demo'" >&2; exit 1; }
	@$(BUILD)/tasktax lab ring

# ANALYZER=0 leaves out clang's static analyzer, which takes most of the time.
ANALYZER ?= 1
CHECK = BUILD='$(BUILD)' ANALYZER='$(ANALYZER)' CHECK_CFLAGS='$(DIALECT) $(INCLUDES)' tests/check

.PHONY: check
check: ## format, linters, BPF builds against other headers
	@tests/packages install build test check
	@$(MAKE) all
	@$(CHECK)

.PHONY: check-vmlinux
check-vmlinux: ## only the BPF builds against other headers: both architectures, the running kernel
	@tests/packages install build
	@$(CHECK) bpf-x86 bpf-arm64 bpf-running

.PHONY: deps
deps: ## install the packages that building, testing and checking need
	@tests/packages install build demo test check

# ---- installation ------------------------------------------------------------------------------

BINDIR = $(DESTDIR)$(PREFIX)/bin
DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/tasktax

.PHONY: install
install: all ## install into $(DESTDIR)$(PREFIX), /usr/local by default
	install -D -m 755 $(BUILD)/tasktax '$(BINDIR)/tasktax'
	install -D -m 755 $(BUILD)/tasktax-demo '$(BINDIR)/tasktax-demo'
	install -D -m 644 README.md '$(DOCDIR)/README.md'
	install -D -m 644 user/output/report.schema.json '$(DOCDIR)/report.schema.json'
	install -D -m 644 user/output/events.schema.json '$(DOCDIR)/events.schema.json'
	install -D -m 644 user/output/compare.schema.json '$(DOCDIR)/compare.schema.json'

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f '$(BINDIR)/tasktax' '$(BINDIR)/tasktax-demo'
	rm -f '$(DOCDIR)/README.md' '$(DOCDIR)/report.schema.json' '$(DOCDIR)/events.schema.json' \
		'$(DOCDIR)/compare.schema.json'
	[ ! -d '$(DOCDIR)' ] || rmdir '$(DOCDIR)'

.PHONY: clean
clean: ## remove every product
	rm -rf build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
	@echo '  V=1 shows the commands; SANITIZE=1 builds in build/asan, with the sanitizers'

-include $(BPF_OBJECTS:.o=.d) $(USER_OBJECTS:.o=.d) $(DEMO_OBJECTS:.o=.d) $(TESTS:=.d) $(TARGETS:=.d) $(BENCHES:=.d) $(DRIVERS:=.d)
