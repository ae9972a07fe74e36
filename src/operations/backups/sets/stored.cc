// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/stored.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/crypto.h"
#include "base/descriptor.h"
#include "base/error.h"

namespace caisson::backups {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20U;

[[noreturn]] void compression_failed(std::size_t result) {
    throw Error(Code::internal, fmt::format("zstd refused: {}", ::ZSTD_getErrorName(result)));
}

}  // namespace

std::string stored_name(const std::string& name, bool is_sealed) {
    return name + (is_sealed ? ".zst.sealed" : ".zst");
}

struct Storing::State {
    State(const fs::path& directory, const std::string& name, const std::optional<SealingKey>& key,
          const StoringOptions& given)
        : options(given),
          path(directory / name),
          file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)),
          compressor(::ZSTD_createCCtx()) {
        if (file.value < 0) {
            throw_file_error("write", path, errno);
        }
        if (options.owner && ::geteuid() == 0 &&
            ::fchown(file.value, options.owner->user, options.owner->group) != 0) {
            throw_file_error("change the owner of", path, errno);
        }
        stored.file.name = name;
        ::ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, options.level);
        ::ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
        // A thread of its own, where zstd was built with threads: reading and hashing go on.
        ::ZSTD_CCtx_setParameter(compressor, ZSTD_c_nbWorkers, 1);
        if (key) {
            sealer.emplace(*key, [this](std::string_view bytes) { keep(bytes); });
        }
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        ::ZSTD_freeCCtx(compressor);
        if (!is_finished) {
            ::unlink(path.c_str());
        }
    }

    void keep(std::string_view bytes) {
        stored_hash.add(bytes);
        stored.file.bytes += bytes.size();
        write_all(file.value, bytes, path);
    }
    void compressed(std::string_view bytes) {
        if (bytes.empty()) {
            return;
        }
        if (sealer) {
            sealer->add(bytes);
        } else {
            keep(bytes);
        }
    }
    void compress(std::string_view bytes, ZSTD_EndDirective directive) {
        ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
        std::size_t left = 0;
        do {
            ZSTD_outBuffer output{out.data(), out.size(), 0};
            left = ::ZSTD_compressStream2(compressor, &output, &input, directive);
            if (::ZSTD_isError(left) != 0) {
                compression_failed(left);
            }
            compressed({out.data(), output.pos});
        } while (input.pos < input.size || (directive == ZSTD_e_end && left > 0));
    }

    StoringOptions options;
    fs::path path;
    Descriptor file;
    ZSTD_CCtx* compressor;
    std::optional<Sealer> sealer;
    Digest plain_hash{Digest::Kind::sha256};
    Digest stored_hash{Digest::Kind::sha256};
    std::vector<char> out = std::vector<char>(block_bytes);
    Stored stored;
    bool is_finished = false;
};

Storing::Storing(const fs::path& directory, const std::string& name,
                 const std::optional<SealingKey>& key, const StoringOptions& options)
    : state_(std::make_unique<State>(directory, stored_name(name, key.has_value()), key, options)) {
}
Storing::~Storing() = default;

void Storing::add(std::string_view bytes) {
    if (state_->options.hashes_plain) {
        state_->plain_hash.add(bytes);
    }
    state_->stored.plain_bytes += bytes.size();
    state_->compress(bytes, ZSTD_e_continue);
}

Stored Storing::finish() {
    auto& state = *state_;
    state.compress({}, ZSTD_e_end);
    if (state.sealer) {
        state.sealer->finish();
    }
    if (::fsync(state.file.value) != 0) {
        throw_file_error("write", state.path, errno);
    }
    state.stored.file.sha256 = state.stored_hash.hex();
    if (state.options.hashes_plain) {
        state.stored.plain_sha256 = state.plain_hash.hex();
    }
    state.is_finished = true;
    return state.stored;
}

std::uint64_t Storing::stored_bytes() const { return state_->stored.file.bytes; }

namespace {

/// Takes what zstd made apart again.
class Expanding {
 public:
    explicit Expanding(const Sink& sink) : sink_(sink), context_(::ZSTD_createDCtx()) {}
    Expanding(const Expanding&) = delete;
    Expanding& operator=(const Expanding&) = delete;
    ~Expanding() { ::ZSTD_freeDCtx(context_); }

    void add(std::string_view bytes) {
        ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
        while (input.pos < input.size) {
            ZSTD_outBuffer output{out_.data(), out_.size(), 0};
            wanted_ = ::ZSTD_decompressStream(context_, &output, &input);
            if (::ZSTD_isError(wanted_) != 0) {
                throw Error(Code::backup_damaged,
                            fmt::format("what it holds cannot be expanded: {}",
                                        ::ZSTD_getErrorName(wanted_)));
            }
            sink_({out_.data(), output.pos});
        }
    }
    void finish() const {
        if (wanted_ != 0) {
            throw Error(Code::backup_damaged, "its end is missing");
        }
    }

 private:
    const Sink& sink_;
    ZSTD_DCtx* context_;
    std::vector<char> out_ = std::vector<char>(block_bytes);
    std::size_t wanted_ = 1;
};

void pump(const fs::path& path, const StoredFile& expected, const Sink& sink) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.value < 0) {
        if (errno == ENOENT) {
            throw Error(Code::backup_damaged, "it is missing");
        }
        throw_file_error("read", path, errno);
    }
    struct stat status {};
    ::fstat(file.value, &status);
    if (static_cast<std::uint64_t>(status.st_size) != expected.bytes) {
        throw Error(Code::backup_damaged,
                    fmt::format("it has {} bytes; expected {}", status.st_size, expected.bytes));
    }
    std::vector<char> block(block_bytes);
    Digest hash(Digest::Kind::sha256);
    for (std::uint64_t bytes = 0; bytes < expected.bytes;) {
        const auto got = ::read(file.value, block.data(), block.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw_file_error("read", path, errno);
        }
        const std::string_view part(block.data(), static_cast<std::size_t>(got));
        hash.add(part);
        bytes += part.size();
        // The last bytes are not handed on before the hash was seen to be right.
        if (part.empty() || (bytes >= expected.bytes && hash.hex() != expected.sha256)) {
            throw Error(Code::backup_damaged, "it has other contents than it had");
        }
        sink(part);
    }
}

}  // namespace

void read_stored(const fs::path& directory, const StoredFile& expected,
                 const std::optional<SealingKey>& key, const Sink& sink) {
    const bool is_sealed = expected.name.ends_with(".sealed");
    try {
        Expanding expanding(sink);
        if (!is_sealed) {
            pump(directory / expected.name, expected,
                 [&](std::string_view bytes) { expanding.add(bytes); });
        } else if (!key) {
            throw Error(Code::backup_key, "it is encrypted, and there is no key at hand");
        } else {
            Opener opener(*key, [&](std::string_view bytes) { expanding.add(bytes); });
            pump(directory / expected.name, expected,
                 [&](std::string_view bytes) { opener.add(bytes); });
            opener.finish();
        }
        expanding.finish();
    } catch (Error& error) {
        throw error.with("file", expected.name);
    }
}

}  // namespace caisson::backups
