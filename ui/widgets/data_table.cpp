#include "ui/widgets/data_table.h"

#include <QFileDialog>
#include <QFontMetrics>
#include <QKeyEvent>
#include <QPainter>
#include <QSaveFile>

#include "ui/widgets/cell_delegate.h"

namespace qd::ui {

TableHeader::TableHeader(const Theme& theme, QWidget* parent)
    : QHeaderView(Qt::Horizontal, parent), m_theme(theme)
{
    setSectionsClickable(true);
    setHighlightSections(false);
    setFixedHeight(metric::kHeader);
    setMinimumSectionSize(28);
}

void TableHeader::paintEvent(QPaintEvent* event)
{
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), m_theme.colors().bg1);
    painter.end();
    QHeaderView::paintEvent(event);
}

void TableHeader::paintSection(QPainter* painter, const QRect& area, int section) const
{
    const Palette& colors = m_theme.colors();
    painter->fillRect(area, colors.bg1);
    painter->fillRect(QRect(area.left(), area.bottom(), area.width(), 1), colors.line);
    const auto* rows = qobject_cast<const RowModel*>(model());
    if (!rows) return;
    const bool sorted = rows->sortColumn() == section;
    const Column& column = rows->columns()[std::size_t(section)];
    painter->setFont(m_theme.font(TypeSize::Small, sorted ? TypeWeight::SemiBold
                                                          : TypeWeight::Medium));
    painter->setPen(sorted ? colors.text : colors.text2);
    QString title = column.title;
    if (sorted) {
        title += rows->sortOrder() == Qt::AscendingOrder ? QStringLiteral(" ↑")
                                                         : QStringLiteral(" ↓");
    }
    painter->drawText(area.adjusted(metric::kCellPadding, 0, -metric::kCellPadding, 0),
                      int(column.align | Qt::AlignVCenter) | Qt::TextSingleLine, title);
}

DataTable::DataTable(const Theme& theme, const QString& objectName, const QString& accessibleName,
                     QWidget* parent)
    : QTableView(parent), m_theme(theme)
{
    setObjectName(objectName);
    setAccessibleName(accessibleName);
    setHorizontalHeader(new TableHeader(theme, this));
    horizontalHeader()->setObjectName(objectName + QStringLiteral("Header"));
    setItemDelegate(new CellDelegate(theme, this));
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(metric::kRow);
    verticalHeader()->setMinimumSectionSize(metric::kRow);
    setShowGrid(false);
    setWordWrap(false);
    setTextElideMode(Qt::ElideNone);
    setFrameShape(QFrame::NoFrame);
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setEditTriggers(NoEditTriggers);
    setTabKeyNavigation(false);
    setHorizontalScrollMode(ScrollPerPixel);
    setCornerButtonEnabled(false);
    connect(horizontalHeader(), &QHeaderView::sectionClicked, this, &DataTable::cycleSort);
    connect(this, &QTableView::doubleClicked, this, [this](const QModelIndex& index) {
        if (m_model) Q_EMIT itemActivated(m_model->itemAt(index.row()));
    });
    m_resort.setInterval(1000);
    connect(&m_resort, &QTimer::timeout, this, [this] {
        if (m_model && m_model->sortColumn() >= 0) m_model->refresh();
    });
    m_resort.start();
}

void DataTable::setRowModel(RowModel* model)
{
    m_model = model;
    setModel(model);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    connect(model, &QAbstractItemModel::rowsInserted, this,
            [this](const QModelIndex&, int first, int last) {
                fitRows(first, last);
                reportVisibleRows();
            });
    connect(model, &QAbstractItemModel::modelReset, this, [this] {
        refit();
        reportVisibleRows();
    });
    connect(model, &QAbstractItemModel::headerDataChanged, this, [this](Qt::Orientation, int first, int) {
        setColumnWidth(first, wantedWidth(std::size_t(first)));
        layoutColumns();
    });
    connect(&m_theme, &Theme::changed, this, &DataTable::refit);
    m_fitted.assign(model->columns().size(), 0);
    for (std::size_t i = 0; i < m_fitted.size(); ++i) setColumnWidth(int(i), wantedWidth(i));
    refit();
}

int DataTable::wantedWidth(std::size_t column) const
{
    return std::max(m_model->columns()[column].width, m_fitted[column]);
}

void DataTable::refit()
{
    for (std::size_t i = 0; i < m_fitted.size(); ++i) {
        if (m_fitted[i] == 0) continue;
        m_fitted[i] = 0;
        setColumnWidth(int(i), wantedWidth(i));
    }
    fitRows(0, m_model->rowCount() - 1);
    layoutColumns();
}

void DataTable::fitRows(int first, int last)
{
    const QFontMetrics metrics(m_theme.font(TypeSize::Body, TypeWeight::SemiBold));
    bool wider = false;
    for (std::size_t column = 0; column < m_fitted.size(); ++column) {
        if (!m_model->columns()[column].fits) continue;
        // Most names are far shorter than their column: only the long ones are measured.
        const int longest = (wantedWidth(column) - 2 * metric::kCellPadding) / metrics.maxWidth();
        for (int row = first; row <= last; ++row) {
            const QString text = m_model->cellOf(m_model->itemAt(row), int(column)).text;
            if (text.size() <= longest) continue;
            const int width = metrics.horizontalAdvance(text) + 2 * metric::kCellPadding + 1;
            if (width <= wantedWidth(column)) continue;
            m_fitted[column] = width;
            setColumnWidth(int(column), width);
            wider = true;
        }
    }
    if (wider) layoutColumns();
}

int DataTable::currentItem() const
{
    const QModelIndex current = currentIndex();
    return m_model && current.isValid() ? m_model->itemAt(current.row()) : -1;
}

void DataTable::setEmptyText(const QString& title, const QString& hint)
{
    m_emptyTitle = title;
    m_emptyHint = hint;
    viewport()->update();
}

bool DataTable::writeCsv(const QString& path) const
{
    QSaveFile file(path);
    if (!m_model || !file.open(QIODevice::WriteOnly)) return false;
    file.write(m_model->toCsv().toUtf8());
    return file.commit();
}

void DataTable::exportCsv()
{
    const QString suggested = objectName() + QStringLiteral(".csv");
    auto* dialog = new QFileDialog(this, tr("Export as CSV"), suggested, tr("CSV files (*.csv)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(suggested);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& path) { Q_EMIT csvWritten(path, writeCsv(path)); });
    dialog->open();
}

void DataTable::cycleSort(int column)
{
    if (!m_model) return;
    if (m_model->sortColumn() != column) {
        m_model->sort(column, Qt::AscendingOrder);
    } else if (m_model->sortOrder() == Qt::AscendingOrder) {
        m_model->sort(column, Qt::DescendingOrder);
    } else {
        m_model->sort(-1, Qt::AscendingOrder);
    }
    horizontalHeader()->viewport()->update();
    viewport()->update();
}

void DataTable::layoutColumns()
{
    if (!m_model) return;
    const auto& columns = m_model->columns();
    int wanted = 0;
    int rank = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        wanted += wantedWidth(i);
        rank = std::max(rank, columns[i].dropRank);
    }
    std::vector<bool> hidden(columns.size(), false);
    for (; rank > 0 && wanted > viewport()->width(); --rank) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i].dropRank != rank) continue;
            hidden[i] = true;
            wanted -= wantedWidth(i);
        }
    }
    for (int i = 0; i < int(columns.size()); ++i) setColumnHidden(i, hidden[std::size_t(i)]);
    int fixed = 0;
    int stretch = -1;
    int lastShown = -1;
    for (int i = 0; i < int(columns.size()); ++i) {
        if (isColumnHidden(i)) continue;
        lastShown = i;
        if (columns[std::size_t(i)].stretch) stretch = i;
        else fixed += columnWidth(i);
    }
    if (stretch < 0) stretch = lastShown;
    if (stretch < 0) return;
    if (!columns[std::size_t(stretch)].stretch) fixed -= columnWidth(stretch);
    setColumnWidth(stretch, std::max(wantedWidth(std::size_t(stretch)), viewport()->width() - fixed));
}

void DataTable::reportVisibleRows()
{
    if (!m_model) return;
    const int first = std::max(0, rowAt(0));
    const int last = rowAt(viewport()->height() - 1);
    m_model->setVisibleRows(first, last < 0 ? m_model->rowCount() : last);
}

void DataTable::resizeEvent(QResizeEvent* event)
{
    QTableView::resizeEvent(event);
    layoutColumns();
    reportVisibleRows();
}

void DataTable::scrollContentsBy(int dx, int dy)
{
    QTableView::scrollContentsBy(dx, dy);
    reportVisibleRows();
}

void DataTable::currentChanged(const QModelIndex& current, const QModelIndex& previous)
{
    QTableView::currentChanged(current, previous);
    Q_EMIT currentItemChanged(current.isValid() && m_model ? m_model->itemAt(current.row()) : -1);
}

void DataTable::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        if (currentItem() >= 0) Q_EMIT itemActivated(currentItem());
        return;
    }
    QTableView::keyPressEvent(event);
}

void DataTable::paintEvent(QPaintEvent* event)
{
    QTableView::paintEvent(event);
    if (!m_model || m_model->rowCount() > 0 || m_emptyTitle.isEmpty()) return;
    QPainter painter(viewport());
    const Palette& colors = m_theme.colors();
    const bool filtered = !m_model->filterText().isEmpty() && m_model->itemCount() > 0;
    const QRect area = viewport()->rect();
    const QRect upper(area.left(), area.center().y() - 22, area.width(), 20);
    painter.setFont(m_theme.font(TypeSize::Body, TypeWeight::SemiBold));
    painter.setPen(colors.text2);
    painter.drawText(upper, Qt::AlignCenter,
                     filtered ? tr("Nothing matches “%1”").arg(m_model->filterText())
                              : m_emptyTitle);
    painter.setFont(m_theme.font(TypeSize::Small));
    painter.setPen(colors.text3);
    painter.drawText(upper.translated(0, 20), Qt::AlignCenter,
                     filtered ? tr("Clear the filter to see all rows.") : m_emptyHint);
}

} // namespace qd::ui
