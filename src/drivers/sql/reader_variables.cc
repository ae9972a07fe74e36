// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "drivers/sql/reader.h"

namespace caisson::sql {
namespace {

bool names_variable(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

Reference reference_at(std::string_view text) {
    Reference reference;
    std::size_t begin = 1;
    std::string_view close;
    const auto starts = [&](std::string_view opening) {
        return text.substr(1, opening.size()) == opening;
    };
    if (starts("'") || starts("\"")) {
        reference.form = text[1] == '"' ? VariableForm::identifier : VariableForm::literal;
        close = text.substr(1, 1);
        begin = 2;
    } else if (starts("{?")) {
        reference.form = VariableForm::test;
        close = "}";
        begin = 3;
    } else if (text == ":{") {
        reference.open = true;
        return reference;
    }
    auto end = begin;
    while (end < text.size() && names_variable(text[end])) {
        ++end;
    }
    reference.open = end >= text.size();
    if (end == begin || text.substr(end, close.size()) != close) {
        return reference;
    }
    reference.name = text.substr(begin, end - begin);
    reference.length = end + close.size();
    return reference;
}

bool Reader::is_expanding(std::string_view name) {
    expansions_.erase(
        std::remove_if(expansions_.begin(), expansions_.end(),
                       [&](const Expansion& expansion) { return expansion.end <= at_; }),
        expansions_.end());
    return std::any_of(expansions_.begin(), expansions_.end(),
                       [&](const Expansion& expansion) { return expansion.name == name; });
}

/// Puts a value in the place of what is written there, to be read as if it stood there itself.
void Reader::expand(std::size_t begin, std::size_t end, std::string_view value) {
    pass(begin);
    const auto place = position();
    consume(end);
    const Jump behind{begin + value.size(), position(), fixed_};
    here_ = place;
    fixed_ = true;
    jumped_ = true;
    at_ = begin;
    placed_ = begin;
    const auto moved = [&](std::size_t at) { return at - end + begin + value.size(); };
    for (auto& jump : jumps_) {
        jump.at = moved(jump.at);
    }
    for (auto& expansion : expansions_) {
        expansion.end = expansion.end >= end ? moved(expansion.end) : begin;
    }
    jumps_.insert(jumps_.begin(), behind);
    buffer_.replace(begin, end - begin, value);
}

/// Takes the colon and what belongs to it. False when more text is needed to know.
bool Reader::read_variable(std::size_t colon) {
    const auto text = std::string_view(buffer_).substr(colon);
    const Token symbol{TokenKind::symbol, 0, 1};
    if (text.size() > 1 && (text[1] == ':' || text[1] == '=')) {
        take(colon, colon + 2, symbol);
        return true;
    }
    const auto reference = reference_at(text);
    if (reference.open && !ended_) {
        return false;
    }
    const std::string name(reference.name);
    const auto end = colon + std::max<std::size_t>(reference.length, 1);
    const bool plain = reference.form == VariableForm::plain;
    const auto value = reference.length == 0 || (plain && is_expanding(name))
                           ? std::nullopt
                           : lookup_(name, reference.form);
    if (!value) {
        // What is no variable is the server's: a quote after the colon begins a string.
        take(colon, plain ? end : colon + 1, symbol);
    } else if (plain) {
        expand(colon, end, *value);
        expansions_.push_back({colon + value->size(), name});
    } else {
        jumped_ = true;
        place_query(colon);
        query_.add_opaque(*value);
        consume(end);
        query_.ends_at(position().offset);
        jumped_ = true;
    }
    return true;
}

}  // namespace caisson::sql
