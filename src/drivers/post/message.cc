// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/post/post.h"

namespace caisson::post {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
        };
        const unsigned group = (byte(i) << 16U) | (byte(i + 1) << 8U) | byte(i + 2);
        text += alphabet[group >> 18U];
        text += alphabet[(group >> 12U) & 63U];
        text += i + 1 < bytes.size() ? alphabet[(group >> 6U) & 63U] : '=';
        text += i + 2 < bytes.size() ? alphabet[group & 63U] : '=';
    }
    return text;
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Words of at most 45 bytes, cut between characters, so that a line has at most 75.
std::string encoded_subject(const std::string& subject) {
    if (is_plain(subject)) {
        return subject;
    }
    std::string words;
    std::string word;
    const auto end = [&] {
        words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : "\r\n ", base64(word));
        word.clear();
    };
    for (const char c : subject) {
        const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        if (begins && word.size() >= 40) {
            end();
        }
        word += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    end();
    return words;
}

std::string lines_of(const std::string& encoded) {
    constexpr std::size_t longest = 76;
    std::string lines;
    for (std::size_t at = 0; at < encoded.size(); at += longest) {
        lines += encoded.substr(at, longest) + "\r\n";
    }
    return lines;
}

void check_address(const std::string& address) {
    if (!is_plain(address) || address.find('@') == std::string::npos ||
        address.find_first_of("<> ,") != std::string::npos) {
        throw Error(Code::usage, fmt::format("\"{}\" is no mail address", address),
                    "write one such as ops@example.org");
    }
}

}  // namespace

std::string message_of(const Mail& mail, const std::string& date) {
    check_address(mail.from);
    for (const auto& address : mail.to) {
        check_address(address);
    }
    const auto host = mail.from.substr(mail.from.find('@') + 1);
    return fmt::format(
        "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
        "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n{}",
        date, mail.from, join(mail.to, ">, <"), encoded_subject(mail.subject), mail.id, host,
        lines_of(base64(replace_all(mail.text, "\n", "\r\n"))));
}

}  // namespace caisson::post
