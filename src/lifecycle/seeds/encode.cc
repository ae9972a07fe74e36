// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/encode.h"

namespace caisson::seeds {
namespace {

void append_element(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    out += '"';
}

void append_array(std::string& out, const JsonValue& array, bool of_json) {
    out += '{';
    bool first = true;
    each_element(array, [&](const JsonValue& element) {
        if (!first) {
            out += ',';
        }
        first = false;
        if (element.kind == JsonValue::Kind::null) {
            out += "NULL";
        } else if (of_json) {
            append_element(out, element.raw);
        } else if (element.kind == JsonValue::Kind::array) {
            append_array(out, element, of_json);
        } else if (element.kind == JsonValue::Kind::string) {
            append_element(out, decode(element));
        } else {
            append_element(out, element.raw);
        }
    });
    out += '}';
}

}  // namespace

std::optional<std::string_view> text_for(const Value& value, const Column& column,
                                         std::string& scratch) {
    if (value.kind == Value::Kind::text) {
        return value.text;
    }
    if (value.kind != Value::Kind::json) {
        return std::nullopt;
    }
    const auto& json = value.json;
    if (column.json) {
        return json.raw;
    }
    if (json.kind == JsonValue::Kind::string) {
        scratch = decode(json);
        return scratch;
    }
    if (json.kind == JsonValue::Kind::array && column.array) {
        scratch.clear();
        append_array(scratch, json, column.json_elements);
        return scratch;
    }
    return json.raw;
}

Value value_of(const File& file, const ColumnSource& source, const Record& record,
               std::string_view line) {
    switch (source.kind) {
        case ColumnSource::Kind::file:
            return {Value::Kind::text, file.stem, {}, record.offset};
        case ColumnSource::Kind::line:
            return {Value::Kind::text, line, {}, record.offset};
        default: {
            const bool is_there = source.field < record.values.size();
            auto value = is_there ? record.values[source.field] : Value{};
            if (value.kind == Value::Kind::absent) {
                value.offset = record.offset;
            }
            return value;
        }
    }
}

void append_copy_text(std::string& out, std::optional<std::string_view> text) {
    if (!text) {
        out += "\\N";
        return;
    }
    for (const char c : *text) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace caisson::seeds
