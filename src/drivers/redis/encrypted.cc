// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/encrypted.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <sys/socket.h>

#include "base/error.h"

namespace caisson::redis {
namespace {

int descriptor_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(::BIO_get_data(bio)));
}

/// OpenSSL's own way to a socket would raise SIGPIPE where the server is gone.
int send_bytes(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent =
        ::send(descriptor_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_write(bio);
    }
    return static_cast<int>(sent);
}

int receive_bytes(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const auto got = ::recv(descriptor_of(bio), into, static_cast<std::size_t>(size), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_read(bio);
    }
    return static_cast<int>(got);
}

long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* over(int descriptor) {
    static BIO_METHOD* const method = [] {
        auto* const made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        ::BIO_meth_set_write(made, send_bytes);
        ::BIO_meth_set_read(made, receive_bytes);
        ::BIO_meth_set_ctrl(made, control);
        return made;
    }();
    auto* const bio = ::BIO_new(method);
    ::BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
    ::BIO_set_init(bio, 1);
    return bio;
}

int sized(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

/// Whether the stream just ended, as one does whose server dies; OpenSSL tells it in two ways.
bool is_end(int kind) {
    return (kind == SSL_ERROR_SYSCALL && errno == 0) ||
           (kind == SSL_ERROR_SSL &&
            ERR_GET_REASON(::ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

/// What is wrong, as -errno: that of the socket only where the socket failed.
long failure(int kind) {
    return kind == SSL_ERROR_SYSCALL && errno != 0 && errno != EAGAIN ? -errno : -EPROTO;
}

}  // namespace

Encrypted::Encrypted(int descriptor, const Settings& settings)
    : settings_(settings),
      context_(tls_context(*settings.tls)),
      session_(::SSL_new(context_.get())) {
    SSL_set_mode(session_.get(),
                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    expect_name(session_.get(), settings_);
    auto* const bio = over(descriptor);
    ::SSL_set_bio(session_.get(), bio, bio);
    ::SSL_set_connect_state(session_.get());
}

Encrypted::~Encrypted() {
    if (is_agreed_) {
        ::ERR_clear_error();
        ::SSL_shutdown(session_.get());
        ::ERR_clear_error();
    }
}

Encrypted::Wants Encrypted::shake_hands() {
    ::ERR_clear_error();
    errno = 0;
    const int outcome = ::SSL_do_handshake(session_.get());
    if (outcome == 1) {
        is_agreed_ = true;
        return Wants::nothing;
    }
    switch (::SSL_get_error(session_.get(), outcome)) {
        case SSL_ERROR_WANT_READ:
            return Wants::read;
        case SSL_ERROR_WANT_WRITE:
            return Wants::write;
        case SSL_ERROR_SYSCALL:
            throw Error(Code::cannot_connect,
                        fmt::format("cannot connect to Redis at {}: it ended the connection "
                                    "instead of agreeing on TLS",
                                    settings_.text()))
                .with("server", settings_.text());
        default:
            throw Error(Code::cannot_connect,
                        fmt::format("cannot connect to Redis at {}: {}", settings_.text(),
                                    why_refused(session_.get())))
                .with("server", settings_.text());
    }
}

bool Encrypted::has_pending() const { return ::SSL_pending(session_.get()) > 0; }

long Encrypted::write(std::string_view bytes) {
    ::ERR_clear_error();
    errno = 0;
    const int written = ::SSL_write(session_.get(), bytes.data(), sized(bytes.size()));
    if (written > 0) {
        return written;
    }
    const int kind = ::SSL_get_error(session_.get(), written);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        return 0;
    }
    is_agreed_ = false;  // After a failure there is nobody to say good-bye to.
    return is_end(kind) ? -EPIPE : failure(kind);
}

long Encrypted::read(char* into, std::size_t size) {
    ::ERR_clear_error();
    errno = 0;
    const int got = ::SSL_read(session_.get(), into, sized(size));
    if (got > 0) {
        return got;
    }
    const int kind = ::SSL_get_error(session_.get(), got);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        return -EAGAIN;
    }
    if (kind == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }
    is_agreed_ = false;
    return is_end(kind) ? 0 : failure(kind);
}

}  // namespace caisson::redis
