// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "drivers/sql/reader.h"

namespace caisson::sql {
namespace {

constexpr std::string_view longest_end = "\\.\r\n";

/// Bytes of the `\.` line that a line is; 0 when it is another one.
std::size_t length_of_end(std::string_view line) {
    for (const std::string_view end : {"\\.\n", "\\.\r\n"}) {
        if (line.substr(0, end.size()) == end) {
            return end.size();
        }
    }
    // The last line of a source needs no line end.
    return line == "\\." || line == "\\.\r" ? line.size() : 0;
}

bool may_become_end(std::string_view line) {
    return line == longest_end.substr(0, line.size()) || line == "\\.\r";
}

}  // namespace

/// The data begin in the next line. What stands in the rest of this one comes after them.
void Reader::begin_data() {
    if (last_ == Event::command) {
        consume(resume_);
        last_.reset();
    }
    auto line = buffer_.find('\n', at_);
    while (line == std::string::npos && fill()) {
        line = buffer_.find('\n', at_);
    }
    const auto end = line == std::string::npos ? buffer_.size() : line + 1;
    after_data_ = buffer_.substr(at_, end - at_);
    after_data_position_ = position();
    consume(end);
    data_ = Data::line_start;
}

void Reader::end_data() {
    data_ = Data::done;
    jumped_ = true;
    if (after_data_.find_first_not_of(" \t\r\n") == std::string::npos) {
        return;
    }
    for (auto& jump : jumps_) {
        jump.at += after_data_.size();
    }
    jumps_.insert(jumps_.begin(), {at_ + after_data_.size(), position(), false});
    buffer_.insert(at_, after_data_);
    here_ = after_data_position_;
}

std::optional<std::string_view> Reader::next_data() {
    if (data_ == Data::none) {
        begin_data();
    }
    while (data_ != Data::done) {
        auto end = at_;
        bool at_line = data_ == Data::line_start;
        while (end < buffer_.size()) {
            const auto line = std::string_view(buffer_).substr(end);
            if (at_line && line.size() < longest_end.size() && !ended_ && may_become_end(line)) {
                break;
            }
            const auto closing = at_line ? length_of_end(line.substr(0, longest_end.size())) : 0;
            if (closing > 0) {
                if (end == at_) {
                    consume(at_ + closing);
                    end_data();
                    return std::nullopt;
                }
                break;
            }
            const auto line_end = line.find('\n');
            at_line = line_end != std::string_view::npos;
            end = at_line ? end + line_end + 1 : buffer_.size();
        }
        if (end > at_) {
            const auto begin = at_;
            consume(end);
            data_ = at_line ? Data::line_start : Data::inside_line;
            return std::string_view(buffer_).substr(begin, end - begin);
        }
        if (!fill()) {
            end_data();
        }
    }
    return std::nullopt;
}

}  // namespace caisson::sql
