// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/contents.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/sources/parallel.h"

namespace caisson::sources {
namespace {

constexpr std::string_view mark = "\xEF\xBB\xBF";
constexpr std::size_t piece_size = std::size_t{1} << 20U;

/// An open file; a pipe put in a file's place must not make us wait.
class Input {
 public:
    explicit Input(const std::string& path)
        : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    bool is_open() const { return descriptor_ >= 0; }
    bool describe(struct stat& status) const { return ::fstat(descriptor_, &status) == 0; }
    /// Bytes read, 0 at the end, -1 with errno.
    ssize_t read(char* data, std::size_t size) const {
        while (true) {
            const auto got = ::read(descriptor_, data, size);
            if (got >= 0 || errno != EINTR) {
                return got;
            }
        }
    }

 private:
    int descriptor_;
};

std::string why() { return fmt::format("cannot be read: {}", std::strerror(errno)); }

/// What no server takes as a script, whatever its encoding.
std::string binary_mistake(std::string_view text) {
    if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF") {
        return "is UTF-16; expected UTF-8: save it as UTF-8 (PowerShell's > writes UTF-16)";
    }
    const auto zero = text.find('\0');
    return zero == std::string_view::npos
               ? ""
               : fmt::format("holds a zero byte in line {}; expected text",
                             position_of(text, zero).line);
}

void read_held(const Input& input, std::size_t size, Contents& contents) {
    // One byte more than there should be: a read that comes back short has seen the end.
    contents.text.resize(size + 1);
    std::size_t filled = 0;
    while (true) {
        const auto got = input.read(contents.text.data() + filled, contents.text.size() - filled);
        if (got < 0) {
            contents.mistake = why();
            contents.text.clear();
            return;
        }
        filled += static_cast<std::size_t>(got);
        if (got == 0) {
            break;
        }
        if (filled == contents.text.size()) {
            contents.text.resize(contents.text.size() * 2);
        } else if (filled == size) {
            break;
        }
    }
    contents.text.resize(filled);
    contents.mistake = binary_mistake(contents.text);
    contents.is_utf8 = is_utf8(contents.text);
    const auto body = without_mark(contents.text);
    contents.checksum = body.find('\r') == std::string_view::npos
                            ? sha256_hex(body)
                            : sha256_hex(normalise_lines(body));
}

/// Checks and hashes a long file without holding more than a piece of it.
void read_streamed(const fs::path& path, Contents& contents) {
    contents.is_streamed = true;
    Digest hash(Digest::Kind::sha256);
    std::string rest;  // The start of a character that the next piece goes on with.
    bool is_first = true;
    bool after_return = false;
    std::string lines;
    each_piece(path, [&](std::string_view piece) {
        if (contents.mistake.empty()) {
            contents.mistake = binary_mistake(piece);
        }
        rest += piece;
        auto whole = rest.size();
        for (std::size_t back = 1; back <= std::min<std::size_t>(3, rest.size()); ++back) {
            const auto byte = static_cast<unsigned char>(rest[rest.size() - back]);
            if (byte >= 0xC0U) {
                whole = rest.size() - back;
                break;
            }
            if (byte < 0x80U) {
                break;
            }
        }
        contents.is_utf8 = contents.is_utf8 && is_utf8(std::string_view(rest).substr(0, whole));
        rest.erase(0, whole);
        lines.clear();
        for (const char c : is_first ? without_mark(piece) : piece) {
            if (c == '\r' || (c == '\n' && !after_return) || c != '\n') {
                lines += c == '\r' ? '\n' : c;
            }
            after_return = c == '\r';
        }
        hash.add(lines);
        is_first = false;
    });
    contents.is_utf8 = contents.is_utf8 && is_utf8(rest);
    contents.checksum = hash.hex();
}

Contents read_one(const std::string& path, Long rule) {
    Contents contents;
    const Input input(path);
    struct stat status {};
    if (!input.is_open() || !input.describe(status)) {
        contents.mistake = why();
    } else if (!S_ISREG(status.st_mode)) {
        contents.mistake = "is no regular file; expected one";
    } else if (rule == Long::leave && static_cast<std::uint64_t>(status.st_size) > longest_ahead) {
        contents.is_left = true;
    } else if (rule == Long::stream && static_cast<std::uint64_t>(status.st_size) > longest_held) {
        read_streamed(path, contents);
    } else {
        read_held(input, static_cast<std::size_t>(status.st_size), contents);
    }
    return contents;
}

}  // namespace

std::vector<Contents> read_contents(const std::vector<std::string>& paths, Long rule) {
    std::vector<Contents> contents(paths.size());
    in_parallel(paths.size(), [&](std::size_t i) { contents[i] = read_one(paths[i], rule); });
    return contents;
}

void each_piece(const fs::path& path, const std::function<void(std::string_view)>& take) {
    const Input input(path.string());
    std::string piece(piece_size, '\0');
    while (true) {
        const auto got = input.is_open() ? input.read(piece.data(), piece.size()) : -1;
        if (got < 0) {
            throw_file_error("read", path, errno);
        }
        if (got == 0) {
            return;
        }
        take(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    }
}

std::string_view without_mark(std::string_view text) {
    return text.substr(0, mark.size()) == mark ? text.substr(mark.size()) : text;
}

}  // namespace caisson::sources
