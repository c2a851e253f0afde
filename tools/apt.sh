# Sourced: install Debian packages where we may, else say what to type.
apt_install() {
    if ! command -v apt-get >/dev/null; then
        echo "please install: $*" >&2
        return 1
    fi
    sudo=
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "please run: sudo apt-get install $*" >&2
            return 1
        fi
        sudo="sudo -n"
    fi
    echo "installing by apt-get: $*"
    # Old package lists name versions that are gone: refresh them first.
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
