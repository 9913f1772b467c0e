#include "ui/widgets/row_model.h"

#include <algorithm>
#include <numeric>

#include "models/base/result.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

QString csvField(QString text)
{
    const bool quote = text.contains(QLatin1Char(',')) || text.contains(QLatin1Char('"')) ||
                       text.contains(QLatin1Char('\n')) || text.contains(QLatin1Char('\r'));
    if (!quote) return text;
    text.replace(QLatin1Char('"'), QLatin1String("\"\""));
    return QLatin1Char('"') + text + QLatin1Char('"');
}

bool looksLikeFormula(const QString& text)
{
    if (text.isEmpty()) return false;
    const QChar first = text.front();
    if (first == QLatin1Char('=') || first == QLatin1Char('@') || first == QLatin1Char('\t')) {
        return true;
    }
    if (first != QLatin1Char('+') && first != QLatin1Char('-')) return false;
    bool isNumber = false;
    QString digits = text;
    digits.remove(QLatin1Char('%')).toDouble(&isNumber);
    return !isNumber;
}

} // namespace

RowModel::RowModel(std::vector<Column> columns, QObject* parent)
    : QAbstractTableModel(parent), m_columns(std::move(columns))
{
}

bool RowModel::accepts(int) const
{
    return true;
}

QString RowModel::exportOf(int item, int column) const
{
    QString text = cellOf(item, column).text;
    text.replace(format::kMinus, QLatin1Char('-'));
    if (m_columns[std::size_t(column)].align & Qt::AlignRight) text.remove(QLatin1Char(','));
    return text == QStringLiteral("–") ? QString() : text;
}

void RowModel::setWidth(int column, int width)
{
    int& now = m_columns[std::size_t(column)].width;
    if (now == width) return;
    now = width;
    Q_EMIT headerDataChanged(Qt::Horizontal, column, column);
}

int RowModel::rowOf(int item) const
{
    return item >= 0 && item < int(m_rowOf.size()) ? m_rowOf[std::size_t(item)] : -1;
}

void RowModel::setFilterText(const QString& text)
{
    m_filter = text.trimmed();
    refresh();
}

bool RowModel::matchesFilter(int item) const
{
    if (m_filter.isEmpty()) return true;
    const QStringList words = m_filter.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    return std::all_of(words.begin(), words.end(), [&](const QString& word) {
        for (int column = 0; column < int(m_columns.size()); ++column) {
            if (cellOf(item, column).text.contains(word, Qt::CaseInsensitive)) return true;
            // A name may be shown in a shorter form than the one that is written elsewhere.
            if (m_columns[std::size_t(column)].fits &&
                exportOf(item, column).contains(word, Qt::CaseInsensitive)) {
                return true;
            }
        }
        return false;
    });
}

std::vector<int> RowModel::wantedRows() const
{
    std::vector<int> wanted;
    for (int item = 0; item < itemCount(); ++item) {
        if (accepts(item) && matchesFilter(item)) wanted.push_back(item);
    }
    if (m_newestFirst) std::reverse(wanted.begin(), wanted.end());
    if (m_sortColumn < 0) return wanted;
    std::vector<SortKey> keys(static_cast<std::size_t>(itemCount()));
    for (const int item : wanted) keys[std::size_t(item)] = sortKeyOf(item, m_sortColumn);
    const bool descending = m_sortOrder == Qt::DescendingOrder;
    std::stable_sort(wanted.begin(), wanted.end(), [&](int a, int b) {
        const SortKey& left = keys[std::size_t(descending ? b : a)];
        const SortKey& right = keys[std::size_t(descending ? a : b)];
        if (left.number != right.number) return left.number < right.number;
        return left.text.compare(right.text, Qt::CaseInsensitive) < 0;
    });
    return wanted;
}

void RowModel::refresh()
{
    const std::vector<int> wanted = wantedRows();
    if (wanted == m_rows) return;
    std::vector<char> keep(std::size_t(itemCount()), 0);
    for (const int item : wanted) keep[std::size_t(item)] = 1;
    for (int row = int(m_rows.size()) - 1; row >= 0; --row) {
        const int item = itemAt(row);
        if (item < itemCount() && keep[std::size_t(item)]) continue;
        beginRemoveRows({}, row, row);
        m_rows.erase(m_rows.begin() + row);
        endRemoveRows();
    }
    std::vector<char> shown(std::size_t(itemCount()), 0);
    for (const int item : m_rows) shown[std::size_t(item)] = 1;
    std::vector<int> added;
    std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(added),
                 [&](int item) { return !shown[std::size_t(item)]; });
    if (!added.empty()) {
        beginInsertRows({}, int(m_rows.size()), int(m_rows.size() + added.size()) - 1);
        m_rows.insert(m_rows.end(), added.begin(), added.end());
        endInsertRows();
    }
    reorder(wanted);
}

void RowModel::reorder(const std::vector<int>& wanted)
{
    std::vector<int> rowOf(std::size_t(itemCount()), -1);
    for (std::size_t row = 0; row < wanted.size(); ++row) rowOf[std::size_t(wanted[row])] = int(row);
    if (wanted != m_rows) {
        Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
        const QModelIndexList before = persistentIndexList();
        QModelIndexList after;
        for (const QModelIndex& index : before) {
            after.append(createIndex(rowOf[std::size_t(itemAt(index.row()))], index.column()));
        }
        m_rows = wanted;
        m_rowOf = std::move(rowOf);
        changePersistentIndexList(before, after);
        Q_EMIT layoutChanged({}, VerticalSortHint);
        return;
    }
    m_rowOf = std::move(rowOf);
}

void RowModel::restart()
{
    beginResetModel();
    m_rows = wantedRows();
    m_rowOf.assign(std::size_t(itemCount()), -1);
    for (std::size_t row = 0; row < m_rows.size(); ++row) m_rowOf[std::size_t(m_rows[row])] = int(row);
    endResetModel();
}

void RowModel::touch(int item, quint32 columns)
{
    const int row = rowOf(item);
    if (row < m_firstVisible || row > m_lastVisible) return;
    for (int column = 0; column < int(m_columns.size()); ++column) {
        if (!(columns & (1U << column))) continue;
        const QModelIndex cell = createIndex(row, column);
        Q_EMIT dataChanged(cell, cell);
    }
}

void RowModel::setVisibleRows(int first, int last)
{
    m_firstVisible = first;
    m_lastVisible = last;
}

QString RowModel::toCsv() const
{
    QStringList lines;
    QStringList fields;
    for (const Column& column : m_columns) fields.append(csvField(column.key));
    lines.append(fields.join(QLatin1Char(',')));
    for (const int item : m_rows) {
        fields.clear();
        for (int column = 0; column < int(m_columns.size()); ++column) {
            QString text = exportOf(item, column);
            if (looksLikeFormula(text)) text.prepend(QLatin1Char('\''));
            fields.append(csvField(text));
        }
        lines.append(fields.join(QLatin1Char(',')));
    }
    return lines.join(QLatin1String("\r\n")) + QLatin1String("\r\n");
}

int RowModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int RowModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_columns.size());
}

QVariant RowModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid()) return {};
    switch (role) {
    case Qt::DisplayRole:
        return cell(index).text;
    case Qt::AccessibleTextRole: {
        const Cell shown = cell(index);
        const QString badge = shown.badge.isEmpty() ? QString() : QLatin1Char(' ') + shown.badge;
        return m_columns[std::size_t(index.column())].title + QLatin1Char(' ') + shown.text + badge;
    }
    case Qt::TextAlignmentRole:
        return int(m_columns[std::size_t(index.column())].align | Qt::AlignVCenter);
    default:
        return {};
    }
}

QVariant RowModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= int(m_columns.size())) return {};
    const Column& column = m_columns[std::size_t(section)];
    if (role == Qt::DisplayRole) return column.title;
    if (role == Qt::TextAlignmentRole) return int(column.align | Qt::AlignVCenter);
    return {};
}

void RowModel::sort(int column, Qt::SortOrder order)
{
    m_sortColumn = column;
    m_sortOrder = order;
    refresh();
}

} // namespace qd::ui
