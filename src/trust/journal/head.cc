// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/head.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "trust/journal/entry.h"

namespace caisson::journal {
namespace {

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* const member = object.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : "";
}

std::int64_t number_of(const boost::json::object& object, std::string_view name) {
    const auto* const member = object.if_contains(name);
    return member && member->is_int64() ? member->get_int64() : 0;
}

}  // namespace

std::string head_message(const Head& head) {
    std::string bytes;
    add_netstring(bytes, "caisson-journal-head-1");
    add_netstring(bytes, head.database);
    add_netstring(bytes, fmt::to_string(head.epoch));
    add_netstring(bytes, fmt::to_string(head.sequence));
    add_netstring(bytes, head.hash);
    return bytes;
}

Head sign(Head head, const SigningKey& key) {
    head.key = key_id(key.public_key());
    head.signature = key.sign(head_message(head));
    return head;
}

std::string to_line(const Head& head) {
    const auto quoted = [](const std::string& text) {
        return boost::json::serialize(boost::json::string_view(text));
    };
    return fmt::format(
        "{{\"database\":{},\"epoch\":{},\"sequence\":{},\"hash\":{},\"at\":{},\"key\":{},"
        "\"signature\":{}}}",
        quoted(head.database), head.epoch, head.sequence, quoted(head.hash), quoted(head.at),
        quoted(head.key), quoted(head.signature));
}

std::vector<Head> parse_heads(std::string_view text, std::vector<std::string>& mistakes) {
    std::vector<Head> heads;
    std::size_t number = 0;
    for (const auto& line : split(text, '\n')) {
        ++number;
        if (trim(line).empty()) {
            continue;
        }
        boost::system::error_code failure;
        const auto value = boost::json::parse(trim(line), failure);
        Head head;
        if (!failure && value.is_object()) {
            const auto& object = value.get_object();
            head = {text_of(object, "database"),   number_of(object, "epoch"),
                    number_of(object, "sequence"), text_of(object, "hash"),
                    text_of(object, "at"),         text_of(object, "key"),
                    text_of(object, "signature")};
        }
        if (head.database.empty() || head.epoch < 1 || head.sequence < 1 || head.hash.empty()) {
            mistakes.push_back(fmt::format("line {} is no head of a journal", number));
        } else {
            heads.push_back(std::move(head));
        }
    }
    return heads;
}

}  // namespace caisson::journal
