#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <simdjson.h>

#include "services/json/scanner.h"

namespace qd::json {

Document::Document(std::unique_ptr<Tree> tree) : m_tree(std::move(tree)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Value Document::root() const
{
    return m_tree->value(0);
}

Result<Document> Document::parse(std::string_view text, const Limits& limits)
{
    QD_ASSERT(limits.depthMax <= kDepthMax);
    if (text.size() > limits.sizeBytesMax)
        return fail(ErrorKind::Invalid, "json.too_large",
                    fmt::format("{} bytes, at most {} are taken", text.size(), limits.sizeBytesMax));
    if (!simdjson::validate_utf8(text.data(), text.size()))
        return fail(ErrorKind::Invalid, "json.syntax", "the text is not valid UTF-8");
    auto tree = std::make_unique<Tree>();
    tree->text = std::make_unique_for_overwrite<char[]>(text.size() + 1);
    if (!text.empty()) std::memcpy(tree->text.get(), text.data(), text.size());
    tree->text[text.size()] = '\0';
    tree->nodes.reserve(std::min(text.size() / 8 + 4, limits.valuesMax));
    if (auto scanned = Scanner(*tree, text.size(), limits).scan(); !scanned)
        return tl::unexpected(std::move(scanned.error()));
    return Document(std::move(tree));
}

} // namespace qd::json
