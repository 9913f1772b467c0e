#pragma once

#include "services/client/field_reader.h"
#include "services/client/problem_json.h"

namespace qd::client {

/// The answer of a Caller as a value, or why it cannot be read.
template <typename T>
Answer<T> readAnswer(const Answer<std::string>& text, T (*read)(FieldReader&, const json::Value&))
{
    if (!text) return tl::unexpected(text.error());
    const auto document = json::Document::parse(*text);
    FieldReader reader;
    T value{};
    if (document)
        value = read(reader, document->root());
    else
        reader.note(document.error());
    auto sound = reader.finish(std::move(value));
    if (sound) return std::move(*sound);
    return tl::unexpected(noAnswer("client.unreadable", describe(sound.error()), false));
}

} // namespace qd::client
