# SPDX-License-Identifier: GPL-2.0-only
# make            build (VARIANT=release|asan|cov, CC=gcc|clang, V=1 shows the commands)
# make run        install packages, build, record this machine live, serve the UI with a sample fleet
# make test       install packages, build, run every test      make check: the same without installing
# make bench      ratios to peers and bounds      make fuzz: libFuzzer on every decoder (both install packages)
# make prove      the whole proof that model, image and kernel agree, races and bypasses (a quarter of an hour on two processors; SCALE=5: five percent of the acts)
# make install    into $(DESTDIR)$(PREFIX)        make clean
VERSION := 0.1.0
VARIANT ?= release
PREFIX  ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG   ?= clang
BPFTOOL ?= $(firstword $(foreach t,$(shell command -v bpftool) /usr/sbin/bpftool $(wildcard /usr/lib/linux-tools/*/bpftool),\
	$(shell $(t) version >/dev/null 2>&1 && echo $(t))))
B := build/$(VARIANT)
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")

WARN := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wno-format-nonliteral -Wstrict-prototypes -Wmissing-prototypes -Wundef
FLAGS.release := -O2 -g
FLAGS.asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FLAGS.cov     := -O0 -g --coverage
CFLAGS   += -std=c17 -D_GNU_SOURCE $(WARN) $(if $(CI),-Werror) $(FLAGS.$(VARIANT))
CPPFLAGS += -I. -I$(B) -DVERSION='"$(VERSION)"' -MMD -MP
LDFLAGS  += -pthread
PKGS := libbpf libelf yaml-0.1 sqlite3 json-c libmicrohttpd
LIBS  = $(shell pkg-config --libs $(PKGS)) -lz -lm

# Live capture needs clang and bpftool; everything else builds without them.
BPF := $(if $(and $(shell command -v $(CLANG)),$(BPFTOOL)),yes)

# Another compiler or other flags: everything is built anew.
USED := $(subst ',,$(CC) $(CPPFLAGS) $(CFLAGS) $(CLANG))
ifneq ($(file <$(B)/flags),$(USED))
.PHONY: $(B)/flags
endif
obj = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
bin = $(patsubst %.c,$(B)/%,$(wildcard $(1)))
SCHEMA   := $(call obj,schema/*.c schema/base/*.c)
COMPILER := $(call obj,compiler/*.c compiler/*/*.c)
COMMANDS := $(call obj,compiler/main.c compiler/cmd_*.c)
ENGINE   := $(filter-out $(COMMANDS),$(COMPILER)) $(B)/compiler/lint/lint_pages.o
RECORDER := $(call obj,recorder/*.c)
ENFORCER := $(call obj,enforcer/*.c)
# What of the recorder needs no BPF: tests link it anywhere.
RECORDS  := $(filter-out $(call obj,recorder/main.c recorder/cmd_*.c recorder/sensor.c recorder/hooks.c recorder/session*.c),$(RECORDER))
WEBUI    := $(filter-out $(B)/webui/main.o,$(call obj,webui/*.c)) $(B)/webui/assets.o
SKELS    := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))
TESTLIB  := $(filter-out $(B)/tests/lib/fuzz_driver.o,$(call obj,tests/lib/*.c))
UNIT     := $(call bin,tests/unit/test_*.c)
FUZZ     := $(call bin,tests/fuzz/fuzz_*.c)
BENCH    := $(call bin,tests/bench/bench_*.c)
HELPERS  := $(call bin,tests/live/*.c)
BYPASS   := $(B)/tests/live/ways
# Of what runs side by side the longest come first.
LONGEST  := test_golden test_property_recorded test_property
CHECKED  := $(patsubst %,build/asan/tests/unit/%,$(LONGEST) $(filter-out $(LONGEST),$(notdir $(UNIT)))) \
	$(patsubst $(B)/%,build/asan/%,$(FUZZ))
SCRIPTS  := $(wildcard tests/cli/*.sh tests/live/*.sh tests/browser/*.js) \
	$(patsubst %,tests/vm/%.sh,enforce enforce_preempt record hooks preempt prove refused)

PROGRAMS := $(B)/stakeout $(if $(wildcard webui/main.c),$(B)/stakeout-serve) $(if $(and $(BPF),$(wildcard recorder/main.c)),$(B)/stakeout-record) \
	$(if $(and $(BPF),$(wildcard enforcer/main.c)),$(B)/stakeout-enforce)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test check helpers tests corpus bench measure prove fuzz install clean
all: $(PROGRAMS) $(B)/stakeout.1
	$(if $(BPF),,@echo "note: no clang or no bpftool: built without stakeout-record (live capture) and stakeout-enforce")

$(B)/flags:
	@mkdir -p $(@D) && echo '$(USED)' >$@

$(B)/libschema.a: $(SCHEMA)
$(B)/libengine.a: $(ENGINE)
$(B)/libweb.a: $(WEBUI)
$(B)/librecords.a: $(RECORDS)
$(B)/%.a: $(B)/objects
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
# A source that is gone takes its object out of the archives and programs.
OBJECTS := $(SCHEMA) $(COMPILER) $(RECORDER) $(ENFORCER) $(WEBUI)
ifneq ($(file <$(B)/objects),$(OBJECTS))
.PHONY: $(B)/objects
endif
$(B)/objects:
	@mkdir -p $(@D) && echo '$(OBJECTS)' >$@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC  $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

define link
	@mkdir -p $(@D)
	$(call say,LD  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o %.a,$^) -o $@ $(LIBS)
endef
$(B)/stakeout: $(COMMANDS) $(B)/libengine.a $(B)/libschema.a
	$(link)
$(B)/stakeout-record: $(RECORDER) $(B)/libschema.a
	$(link)
$(B)/stakeout-enforce: $(ENFORCER) $(B)/libschema.a
	$(link)
$(B)/stakeout-serve: $(B)/webui/main.o $(B)/libweb.a $(B)/libengine.a $(B)/libschema.a
	$(link)

# Its manual page, from its help.
$(B)/stakeout.1: scripts/man.sh $(PROGRAMS)
	$(Q)sh scripts/man.sh $(B)/stakeout > $@

# The BPF side: object, then skeleton. -MMD here too: touching a shared header rebuilds both.
TRIPLET := $(or $(shell gcc -print-multiarch 2>/dev/null),$(shell uname -m)-linux-gnu)
ARCH    := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,BPF $<)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -O2 -g -Wall -Wextra -Wno-unused-parameter -I. -I/usr/include/$(TRIPLET) -MMD -MP -c $< -o $@
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@
$(B)/recorder/sensor.o $(B)/enforcer/load.o: $(SKELS)

# The store's tables, as a C string.
$(B)/schema/store.sql.h: schema/store.sql
	@mkdir -p $(@D)
	$(Q)sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' $< > $@
$(B)/schema/store.o: $(B)/schema/store.sql.h

# The web UI's files, as a C table.
ASSETS := $(wildcard webui/assets/*)
$(B)/webui/assets.c: webui/embed.sh $(ASSETS)
	@mkdir -p $(@D)
	$(Q)sh webui/embed.sh $(ASSETS) > $@
$(B)/webui/assets.o: $(B)/webui/assets.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

# The pages on lints, as a C table; the folder's list of them is made from lints.def.
PAGES := $(filter-out docs/lints/README.md,$(wildcard docs/lints/*.md))
$(B)/compiler/lint/lint_pages.c: scripts/pages.sh $(PAGES)
	@mkdir -p $(@D)
	$(Q)sh scripts/pages.sh $(PAGES) > $@
$(B)/compiler/lint/lint_pages.o: $(B)/compiler/lint/lint_pages.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

# Tests: unit tests have their own main, fuzz targets get a driver that replays the seeds.
$(UNIT) $(BENCH): $(B)/tests/%: $(B)/tests/%.o $(TESTLIB) $(B)/librecords.a $(B)/libweb.a $(B)/libengine.a $(B)/libschema.a
	$(link) -lcmocka
HELPER.load-child := -nostdlib -static
HELPER.fill-map := -lbpf
HELPER.read-map := -lbpf
HELPER.steps := -lbpf
HELPER.empty := -lbpf
$(HELPERS): $(B)/tests/live/%: tests/live/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 -O2 -Wall -Wextra $< -o $@ -pthread $(HELPER.$(*F))
$(BYPASS): $(wildcard tests/bypass/*)
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -static $(filter %.c,$^) -o $@ -pthread
# Also judges what compile writes (tests/cli/compile_outcomes.sh).
GOLDEN   := $(B)/tests/unit/test_golden
# The proof of equality: model, image and kernel (tests/prove/main.c).
PROVE := $(B)/tests/prove/prove $(B)/tests/prove/doer
$(B)/tests/prove/prove: $(filter-out $(B)/tests/prove/doer.o,$(call obj,tests/prove/*.c)) $(TESTLIB) $(B)/libengine.a $(B)/libschema.a
	$(link)
$(B)/tests/prove/doer: tests/prove/doer.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 -O2 -Wall -Wextra -ffreestanding -fno-stack-protector -nostdlib -static $< -o $@
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(B)/tests/lib/fuzz_driver.o)
$(FUZZ): $(B)/tests/%: $(B)/tests/%.o $(FUZZ_MAIN) $(TESTLIB) $(B)/librecords.a $(B)/libweb.a $(B)/libengine.a $(B)/libschema.a
	$(link) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer)

# Event corpora with expected verdicts, from corpus/scenarios.
SCENARIOS := $(wildcard corpus/scenarios/*.yaml)
CORPORA   := $(patsubst corpus/scenarios/%.yaml,$(B)/corpus/%.ndjson,$(SCENARIOS))
corpus: $(CORPORA)
$(B)/corpus/%.ndjson: corpus/scenarios/%.yaml $(B)/stakeout
	$(call say,GEN $@)
	$(Q)$(B)/stakeout corpus -o $(@D) $< && $(B)/stakeout corpus --benign -o $(@D) $<

# Without a -j: as many jobs as processors.
BUILD = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

helpers: all $(HELPERS) $(BYPASS) $(PROVE) $(GOLDEN)
tests: helpers $(UNIT) $(FUZZ)

run:
	@sh scripts/packages.sh
	@+$(BUILD) all
	@sh scripts/run.sh $(B)

test:
	@sh scripts/packages.sh test
	@$(MAKE) --no-print-directory check

# Unit tests and fuzz seeds run under ASan and UBSan, everything that runs programs with the release build.
check:
	@+$(BUILD) helpers
	@+$(BUILD) VARIANT=asan $(CHECKED)
	@STAKEOUT=$(CURDIR)/$(B)/stakeout sh tests/run.sh $(CHECKED) $(SCRIPTS)

bench:
	@sh scripts/packages.sh bench
	@$(MAKE) --no-print-directory measure
measure: all $(BENCH) $(HELPERS)
	@for b in $(BENCH); do echo "== $$b"; STAKEOUT=$(CURDIR)/$(B)/stakeout $$b || exit; done
	@for b in $(wildcard tests/bench/bench_*.sh); do echo "== $$b"; STAKEOUT=$(CURDIR)/$(B)/stakeout sh $$b || exit; done
	@echo "== tests/vm/cost.sh"; STAKEOUT=$(CURDIR)/$(B)/stakeout sh tests/vm/cost.sh || test $$? = 77

# The whole proof; tests run parts of it.
prove:
	@sh scripts/packages.sh test
	@+$(BUILD) tests
	@STAKEOUT=$(CURDIR)/$(B)/stakeout sh tests/prove/prove.sh

FUZZ_SECONDS ?= 30
fuzz:
	@sh scripts/packages.sh fuzz
	@+$(BUILD) VARIANT=fuzz CC=clang $(patsubst $(B)/%,build/fuzz/%,$(FUZZ))
	@for f in $(patsubst $(B)/tests/fuzz/fuzz_%,%,$(FUZZ)); do mkdir -p build/fuzz/corpus/$$f; \
		echo "== $$f"; build/fuzz/tests/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 \
		-verbosity=0 build/fuzz/corpus/$$f corpus/fuzz/$$f || exit; done

MAN8 := $(wildcard */*.8)
DEST := $(DESTDIR)$(PREFIX)
install: all
	install -d $(DEST)/bin $(DEST)/share/man/man1 $(DEST)/share/man/man8 \
		$(DEST)/share/bash-completion/completions $(DEST)/share/doc/stakeout $(DEST)/share/stakeout
	install -m 755 $(PROGRAMS) $(DEST)/bin
	install -m 644 $(B)/stakeout.1 $(DEST)/share/man/man1
	install -m 644 $(MAN8) $(DEST)/share/man/man8
	install -m 644 scripts/completion.bash $(DEST)/share/bash-completion/completions/stakeout
	install -m 644 README.md $(DEST)/share/doc/stakeout
	cp -r corpus/scenarios corpus/allowlists $(DEST)/share/stakeout
	install -d $(DEST)/lib/systemd/system $(DEST)/share/stakeout/deploy
	for f in stakeout-record.service stakeout-enforce.service stakeout-enforce.timer; do \
		sed "s|@PREFIX@|$(PREFIX)|" deploy/$$f > $(DEST)/lib/systemd/system/$$f || exit; done
	sed "s|@PREFIX@|$(PREFIX)|" deploy/stakeout-enforce.conf > $(DEST)/share/stakeout/deploy/stakeout-enforce.conf
	install -m 644 deploy/*.yaml $(DEST)/share/stakeout/deploy
	cp -r docs/lints $(DEST)/share/doc/stakeout

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf build
