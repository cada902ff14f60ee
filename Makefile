# What a user types. Meson does the building; see README.md.
BUILD := build
PREFIX ?= /usr/local

.PHONY: build demo demo-down check soak bench install clean deps deps-check

build: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX) $(SETUP) >$(BUILD).log || \
		{ cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@ninja -C $(BUILD) --quiet
	@echo "built: $(BUILD)/mailseal"

demo: build
	@tools/install-missing debootstrap iproute2 procps python3
	@lab/demo

demo-down:
	@lab/down

check: SETUP := -Dwerror=true
check: build
	@tools/check

# The long forms; T=name for one of them. See tools/soak.
soak: build
	@tools/soak $(T)

# Beside the peers, in some ten minutes; LONG=1: all goals, and all that bench/RESULTS.md has. What is
# fetched is fetched first: it runs in a network of its own.
bench: build
	@tools/install-missing build-essential libssl-dev openssl iproute2 python3 haproxy hitch nginx \
		libnginx-mod-stream libnginx-mod-mail stunnel4 $(if $(LONG),debootstrap)
	@$(if $(LONG),lab/tree bookworm && bench/debian13.sh true)
	@bench/alone.sh ./quick.sh $(if $(LONG),-l)

install: build
	@meson install -C $(BUILD) --no-rebuild --quiet
	@tools/make-users
	@echo "installed under $(PREFIX)"

clean:
	@rm -rf $(BUILD) $(BUILD)-check $(BUILD)-fuzz $(BUILD)-upgrade

deps:
	@tools/install-missing build-essential meson ninja-build pkg-config libssl-dev libuv1-dev \
		libconfig-dev libseccomp-dev libjansson-dev libunbound-dev libcurl4-openssl-dev libsqlite3-dev \
		libidn2-dev libpsl-dev libpcap-dev zlib1g-dev libhiredis-dev libmicrohttpd-dev libcrypt-dev \
		dns-root-data
