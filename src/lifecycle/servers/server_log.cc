// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/server_log.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/text.h"

namespace caisson::servers {
namespace {

constexpr std::uint64_t longest_read = 256UL * 1024;

/// Without the leading time and process: "2026-… [12] FATAL:  x" gives "FATAL: x", and Redis'
/// "12:M 21 Nov 2026 03:00:00.000 # x" gives "x".
std::string bare(std::string_view line) {
    for (const std::string_view mark : {"PANIC:", "FATAL:", "ERROR:", "HINT:", "DETAIL:"}) {
        if (const auto at = line.find(mark); at != std::string_view::npos) {
            return fmt::format("{} {}", mark, trim(line.substr(at + mark.size())));
        }
    }
    for (const std::string_view mark : {" # ", " * "}) {
        if (const auto at = line.find(mark); at != std::string_view::npos && at < 48) {
            return std::string(trim(line.substr(at + mark.size())));
        }
    }
    return std::string(trim(line));
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// On a full disk the server cannot even write down why it gave up.
bool is_full(const fs::path& directory) {
    constexpr std::uint64_t least = 64UL * 1024;
    return space_at(directory).free < least;
}

}  // namespace

std::uint64_t ServerLog::size() const {
    std::error_code failure;
    const auto bytes = fs::file_size(path_, failure);
    return failure ? 0 : bytes;
}

std::string ServerLog::since(std::uint64_t offset) const {
    const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto end = size();
    if (file.value < 0 || end <= offset) {
        return {};
    }
    const auto length = std::min(end - offset, longest_read);
    std::string text(length, '\0');
    const auto got = ::pread(file.value, text.data(), length, static_cast<off_t>(end - length));
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

bool ServerLog::rotate(std::uint64_t limit, const std::optional<Account>& owner) const {
    if (size() <= limit) {
        return false;
    }
    const Descriptor from(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (from.value < 0) {
        throw_file_error("open the log", path_, errno);
    }
    const fs::path kept = path_.string() + ".1";
    std::error_code missing;
    fs::rename(kept, path_.string() + ".2", missing);
    const Descriptor to(
        ::open(kept.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (to.value < 0) {
        throw_file_error("write the log", kept, errno);
    }
    if (owner && ::geteuid() == 0 && ::fchown(to.value, owner->user, owner->group) != 0) {
        throw_file_error("change the owner of", kept, errno);
    }
    // The server appends to the same file all the time (O_APPEND): what it writes between the last
    // copied byte and the truncation is lost, so that gap is made as small as can be.
    while (true) {
        const auto sent = ::sendfile(to.value, from.value, nullptr, 1U << 20U);
        if (sent < 0 && errno != EINTR) {
            const int failure = errno;
            ::unlink(kept.c_str());
            throw_file_error("write the log", kept, failure);
        }
        if (sent == 0) {
            break;
        }
    }
    if (::ftruncate(from.value, 0) != 0) {
        throw_file_error("empty the log", path_, errno);
    }
    return true;
}

std::string last_words(const std::string& log) {
    std::string last;
    std::string fatal;
    std::string hint;
    for (const auto& line : split(log, '\n')) {
        if (trim(line).empty()) {
            continue;
        }
        last = bare(line);
        if (contains(line, "FATAL:") || contains(line, "PANIC:")) {
            fatal = last;
            hint.clear();
        } else if (!fatal.empty() && (contains(line, "HINT:") || contains(line, "DETAIL:"))) {
            hint += "; " + last;
        }
    }
    return fatal.empty() ? last : fatal + hint;
}

Error failure_of(const std::string& server, const std::string& what, const std::string& words,
                 const fs::path& log) {
    const std::string message = words.empty()
                                    ? fmt::format("{} {}", server, what)
                                    : fmt::format("{} {}; its last words: {}", server, what, words);
    Code code = Code::server_failed;
    std::string hint = fmt::format("read {}; caisson doctor", log.string());
    if (contains(words, "No space left on device") || contains(words, "Disk quota exceeded") ||
        is_full(log.parent_path())) {
        code = Code::disk_full;
        hint.clear();
    } else if (contains(words, "Address already in use") ||
               contains(words, "could not create any TCP/IP sockets")) {
        code = Code::port_taken;
        hint.clear();
    } else if (contains(words, "Read-only file system") || contains(words, "Permission denied")) {
        code = Code::state_unusable;
        hint.clear();
    }
    Error error(code, message, hint);
    error.with("log", log.string());
    return error;
}

}  // namespace caisson::servers
