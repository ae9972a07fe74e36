// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/csv.h"

#include <algorithm>

namespace caisson::seeds {

bool CsvReader::at_line_end() const {
    return at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r';
}

CsvReader::Field CsvReader::quoted_field() {
    Field field;
    field.quoted = true;
    field.offset = at_++;
    std::size_t start = at_;
    std::string* decoded = nullptr;
    while (true) {
        const auto quote = text_.find('"', at_);
        if (quote == std::string_view::npos) {
            mistakes_.push_back({field.offset, "this quote is never closed"});
            at_ = text_.size();
            return field;
        }
        if (quote + 1 < text_.size() && text_[quote + 1] == '"') {
            if (!decoded) {
                decoded = &decoded_.emplace_back();
            }
            decoded->append(text_.substr(start, quote + 1 - start));
            at_ = start = quote + 2;
            continue;
        }
        if (decoded) {
            decoded->append(text_.substr(start, quote - start));
            field.text = *decoded;
        } else {
            field.text = text_.substr(start, quote - start);
        }
        at_ = quote + 1;
        break;
    }
    if (!at_line_end() && text_[at_] != ',') {
        mistakes_.push_back({at_,
                             "expected a comma or the end of the line after the closing quote; "
                             "a quote inside quotes is written twice"});
        at_ = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    }
    return field;
}

CsvReader::Field CsvReader::bare_field() {
    Field field;
    field.offset = at_;
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    field.text = text_.substr(at_, end - at_);
    if (const auto quote = field.text.find('"'); quote != std::string_view::npos) {
        mistakes_.push_back({at_ + quote,
                             "a quote inside a field that does not begin with one; "
                             "put the whole field into quotes and write it twice"});
    }
    at_ = end;
    return field;
}

bool CsvReader::next(std::vector<Field>& record) {
    record.clear();
    decoded_.clear();
    mistakes_.clear();
    while (at_ < text_.size() && at_line_end()) {
        ++at_;
    }
    if (at_ == text_.size()) {
        return false;
    }
    while (true) {
        record.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_field() : bare_field());
        if (at_line_end()) {
            return true;  // Line ends are passed over before the next record, empty lines with
                          // them.
        }
        ++at_;  // The comma.
    }
}

}  // namespace caisson::seeds
