// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/records.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/seeds/csv.h"

namespace caisson::seeds {
namespace {

class CsvRecords final : public Records {
 public:
    CsvRecords(std::string_view text, Complain complain)
        : reader_(text), complain_(std::move(complain)) {
        if (!reader_.next(row_)) {
            complain_(0, "the file is empty; its first line names the columns");
            return;
        }
        report();
        std::set<std::string_view> seen;
        for (const auto& field : row_) {
            if (field.text.empty()) {
                complain_(field.offset, "a column without a name");
            } else if (!seen.insert(field.text).second) {
                complain_(field.offset, fmt::format("the column {} is there twice", field.text));
            }
            fields_.names.emplace_back(field.text);
            fields_.offsets.push_back(field.offset);
        }
        if (row_.size() == 1 && row_[0].text.find_first_of(";\t|") != std::string_view::npos) {
            complain_(row_[0].offset,
                      "only one column: columns are separated by commas, not by "
                      "semicolons, tabs or bars");
        }
    }

    bool next(Record& record) override {
        while (!fields_.names.empty() && reader_.next(row_)) {
            report();
            if (row_.size() != fields_.names.size()) {
                complain_(row_.size() > fields_.names.size() ? row_[fields_.names.size()].offset
                                                             : row_.front().offset,
                          fmt::format("{} where the header has {}", counted(row_.size(), "field"),
                                      fields_.names.size()));
                continue;
            }
            record.offset = row_.front().offset;
            record.values.clear();
            for (const auto& field : row_) {
                const bool is_null = field.text.empty() && !field.quoted;
                record.values.push_back({is_null ? Value::Kind::null : Value::Kind::text,
                                         field.text,
                                         {},
                                         field.offset});
            }
            return true;
        }
        return false;
    }

 private:
    void report() const {
        for (const auto& mistake : reader_.mistakes()) {
            complain_(mistake.offset, mistake.message);
        }
    }

    CsvReader reader_;
    Complain complain_;
    std::vector<CsvReader::Field> row_;
};

class JsonRecords final : public Records {
 public:
    JsonRecords(std::string_view text, Complain complain)
        : cursor_(text), complain_(std::move(complain)) {
        const char first = cursor_.peek();
        is_array_ = first == '[';
        if (is_array_) {
            cursor_.accept('[');
            done_ = cursor_.accept(']');
            if (done_) {
                check_end();
            }
        } else if (first != '{') {
            complain_(cursor_.offset(),
                      "expected an array of objects, an array of texts or numbers, or an object "
                      "on each line");
            done_ = true;
        }
    }

    bool next(Record& record) override {
        while (!done_) {
            try {
                if (!is_array_ && cursor_.peek() == '\0') {
                    done_ = true;
                    break;
                }
                const auto value = cursor_.value();
                if (is_array_ && !cursor_.accept(',')) {
                    cursor_.expect(']', "a comma or ] after the element");
                    done_ = true;
                    check_end();
                }
                if (take(value, record)) {
                    return true;
                }
            } catch (const JsonMistake& mistake) {
                // What follows cannot be understood any more.
                complain_(mistake.offset, mistake.message);
                done_ = true;
            }
        }
        return false;
    }

 private:
    void check_end() {
        if (cursor_.peek() != '\0') {
            complain_(cursor_.offset(), "expected the end of the file after the array");
        }
    }

    bool take(const JsonValue& value, Record& record) {
        record.offset = value.offset;
        record.values.clear();
        const bool is_object = value.kind == JsonValue::Kind::object;
        if (value.kind == JsonValue::Kind::array || (!is_object && !is_array_)) {
            complain_(value.offset,
                      fmt::format("expected an object, found {}", name_of(value.kind)));
            return false;
        }
        if (!known_) {
            known_ = true;
            fields_.scalars = !is_object;
        } else if (fields_.scalars == is_object) {
            complain_(value.offset, fmt::format("found {} among {}", name_of(value.kind),
                                                is_object ? "texts or numbers" : "objects"));
            return false;
        }
        if (!is_object) {
            record.values.push_back(valued(value));
            return true;
        }
        return take_members(value, record);
    }

    bool take_members(const JsonValue& object, Record& record) {
        record.values.resize(fields_.names.size());
        bool fine = true;
        each_member(object, [&](const JsonValue& name, const JsonValue& member) {
            const auto [entry, is_new] = index_.emplace(decode(name), fields_.names.size());
            if (is_new) {
                fields_.names.push_back(entry->first);
                fields_.offsets.push_back(name.offset);
                record.values.emplace_back();
            }
            auto& slot = record.values[entry->second];
            if (slot.kind != Value::Kind::absent) {
                complain_(name.offset, fmt::format("{} is there twice", name.raw));
                fine = false;
            }
            slot = valued(member);
        });
        return fine;
    }

    static Value valued(const JsonValue& json) {
        return {json.kind == JsonValue::Kind::null ? Value::Kind::null : Value::Kind::json,
                {},
                json,
                json.offset};
    }

    JsonCursor cursor_;
    Complain complain_;
    std::unordered_map<std::string, std::size_t> index_;
    bool is_array_ = false;
    bool done_ = false;
    bool known_ = false;
};

}  // namespace

std::unique_ptr<Records> open_records(Format format, std::string_view text, Complain complain) {
    if (format == Format::csv) {
        return std::make_unique<CsvRecords>(text, std::move(complain));
    }
    return std::make_unique<JsonRecords>(text, std::move(complain));
}

Contents::Contents(const fs::path& path) : bytes(read_file(path)), text(bytes) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") {
        text.remove_prefix(3);
    }
}

std::string Contents::checksum() const {
    return text.find('\r') == std::string_view::npos ? sha256_hex(text)
                                                     : sha256_hex(normalise_lines(text));
}

std::size_t LineCounter::line_at(std::size_t offset) {
    if (offset < at_) {
        at_ = 0;
        line_ = 1;
    }
    const auto from = text_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto to = text_.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text_.size()));
    line_ += static_cast<std::size_t>(std::count(from, to, '\n'));
    at_ = std::min(offset, text_.size());
    return line_;
}

}  // namespace caisson::seeds
