# SPDX-License-Identifier: GPL-2.0-only
# make            build everything (VARIANT=release|asan|cov, CC=gcc|clang, V=1 shows commands)
# make run        install packages, build, record this machine, serve the UI with a sample fleet
# make test       install packages, build, run every test
VERSION := 0.1.0
VARIANT ?= release
PREFIX  ?= /usr/local
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG   ?= clang
BPFTOOL ?= $(shell command -v bpftool || ls /usr/sbin/bpftool 2>/dev/null)
B       := build/$(VARIANT)
Q       := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	$(if $(CI),-Werror)
FLAGS.release := -O2 -g
FLAGS.asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS.cov     := -O0 -g --coverage
CFLAGS  += -std=c17 -D_GNU_SOURCE $(WARN) $(FLAGS.$(VARIANT))
CPPFLAGS += -I. -I$(B) -DVERSION='"$(VERSION)"' -MMD -MP
LDFLAGS += $(FLAGS.$(VARIANT)) -pthread

PKGS := libbpf libelf libyaml-0.1 sqlite3 json-c libmicrohttpd
PKGS := $(patsubst libyaml-0.1,yaml-0.1,$(PKGS))
LIBS = $(shell pkg-config --libs $(PKGS)) -lz -lm

# Live capture needs clang, bpftool and libbpf; everything else builds without them.
BPF := $(if $(and $(shell command -v $(CLANG)),$(BPFTOOL)),yes)

obj = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
SCHEMA   := $(call obj,schema/*.c schema/base/*.c)
COMPILER := $(call obj,compiler/*.c)
ENGINE   := $(filter-out $(B)/compiler/main.o $(B)/compiler/cmd_%.o,$(COMPILER))
RECORDER := $(call obj,recorder/*.c)
WEBUI    := $(call obj,webui/*.c)
SKELS    := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))
UNIT     := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ     := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/bench_*.c))
TESTLIB  := $(call obj,tests/lib/*.c)

PROGRAMS := $(B)/stakeout $(if $(WEBUI),$(B)/stakeout-serve) $(if $(and $(BPF),$(RECORDER)),$(B)/stakeout-record)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test packages check fuzz bench install clean
all: $(PROGRAMS)
	$(if $(BPF),,@echo "note: no clang or bpftool: built without stakeout-record (live capture)")

$(B)/libschema.a: $(SCHEMA)
$(B)/libengine.a: $(ENGINE)
$(B)/%.a:
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

link = $(if $(V),,@echo "  LD  $@") ; mkdir -p $(@D) ; $(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o %.a,$^) -o $@ $(LIBS)
$(B)/stakeout: $(B)/compiler/main.o $(filter $(B)/compiler/cmd_%.o,$(COMPILER)) $(B)/libengine.a $(B)/libschema.a
	$(link)
$(B)/stakeout-record: $(RECORDER) $(B)/libschema.a
	$(link)
$(B)/stakeout-serve: $(WEBUI) $(B)/libengine.a $(B)/libschema.a
	$(link)

# The BPF side: object, then skeleton; -MMD here too, so that touching a shared header rebuilds both.
ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  BPF $<")
	$(Q)$(CLANG) -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -O2 -g -Wall -I. -I/usr/include/$(shell uname -m)-linux-gnu -MMD -MP -c $< -o $@
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*) > $@
$(RECORDER): $(SKELS)

# Assets of the web UI, as a C table.
$(B)/webui/assets.c: webui/embed.sh $(wildcard webui/assets/*)
	@mkdir -p $(@D)
	$(Q)sh webui/embed.sh $(wildcard webui/assets/*) > $@
$(B)/webui/assets.o: $(B)/webui/assets.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(if $(WEBUI),$(B)/stakeout-serve: $(B)/webui/assets.o)

$(B)/tests/%: $(B)/tests/%.o $(TESTLIB) $(B)/libengine.a $(B)/libschema.a
	$(if $(V),,@echo "  LD  $@") ; $(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o %.a,$^) -o $@ $(LIBS) -lcmocka

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf build
