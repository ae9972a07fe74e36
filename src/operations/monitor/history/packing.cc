// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/packing.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <zstd.h>

#include "base/error.h"

namespace caisson::monitor {
namespace {

constexpr std::size_t longest_run = 255;
/// More than any sample has; what says more is damaged.
constexpr std::size_t most_bytes = std::size_t{64} << 20U;

[[noreturn]] void refuse() { throw Error(Code::internal, "a packed row is damaged"); }

void put_number(std::string& bytes, std::uint64_t number) {
    while (number >= 0x80) {
        bytes += static_cast<char>(number | 0x80U);
        number >>= 7U;
    }
    bytes += static_cast<char>(number);
}

std::uint64_t take_number(std::string_view& bytes) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (bytes.empty()) {
            refuse();
        }
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        number |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) {
            return number;
        }
    }
    refuse();
}

bool same(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
           (std::isnan(a) && std::isnan(b));
}

}  // namespace

std::string pack_sample(const std::vector<Numbered>& figures) {
    // Numbers first, then values: likes beside likes compress better.
    std::string plain;
    put_number(plain, figures.size());
    std::int64_t before = 0;
    for (const auto& figure : figures) {
        put_number(plain, static_cast<std::uint64_t>(figure.series - before));
        before = figure.series;
    }
    for (const auto& figure : figures) {
        char value[sizeof(double)];
        std::memcpy(value, &figure.value, sizeof value);
        plain.append(value, sizeof value);
    }
    std::string packed(::ZSTD_compressBound(plain.size()), '\0');
    const auto size = ::ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3);
    if (::ZSTD_isError(size)) {
        throw Error(Code::internal, "a sample cannot be compressed");
    }
    packed.resize(size);
    return packed;
}

std::vector<Numbered> unpack_sample(std::string_view bytes) {
    const auto size = ::ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > most_bytes) {
        refuse();
    }
    std::string plain(size, '\0');
    if (::ZSTD_decompress(plain.data(), plain.size(), bytes.data(), bytes.size()) != size) {
        refuse();
    }
    std::string_view rest = plain;
    const auto number = take_number(rest);
    if (number > rest.size()) {
        refuse();
    }
    std::vector<Numbered> figures(number);
    std::int64_t before = 0;
    for (auto& figure : figures) {
        before += static_cast<std::int64_t>(take_number(rest));
        figure.series = before;
    }
    if (rest.size() != number * sizeof(double)) {
        refuse();
    }
    for (auto& figure : figures) {
        std::memcpy(&figure.value, rest.data(), sizeof(double));
        rest.remove_prefix(sizeof(double));
    }
    return figures;
}

std::string pack_row(const std::vector<float>& figures) {
    std::string bytes;
    for (std::size_t i = 0; i < figures.size();) {
        std::size_t length = 1;
        while (i + length < figures.size() && length < longest_run &&
               same(figures[i], figures[i + length])) {
            ++length;
        }
        bytes += static_cast<char>(length);
        char value[sizeof(float)];
        std::memcpy(value, &figures[i], sizeof value);
        bytes.append(value, sizeof value);
        i += length;
    }
    return bytes;
}

std::vector<float> unpack_row(std::string_view bytes, std::size_t size) {
    std::vector<float> figures;
    figures.reserve(size);
    while (!bytes.empty()) {
        if (bytes.size() < 1 + sizeof(float)) {
            refuse();
        }
        const auto length = static_cast<unsigned char>(bytes.front());
        float value = 0;
        std::memcpy(&value, bytes.data() + 1, sizeof value);
        bytes.remove_prefix(1 + sizeof(float));
        if (figures.size() + length > size) {
            refuse();
        }
        figures.insert(figures.end(), length, value);
    }
    figures.resize(size, std::numeric_limits<float>::quiet_NaN());
    return figures;
}

}  // namespace caisson::monitor
