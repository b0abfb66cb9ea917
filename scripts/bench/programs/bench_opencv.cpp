// OpenCV for scripts/bench/bench.py:
//     bench_opencv                             answers lines (see loop.h)
//     bench_opencv files THREADS OUT IMAGE...  OUT/STEM.png: gray decode, 5x5 blur of 1.4, Canny 50/100, PNG
// Each operation is the quickest sequence of calls that was found for the result edgel gives, byte for byte.
#include "loop.h"
#include <atomic>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <thread>
#include <vector>

static cv::Mat smooth, gx, gy, ax, ay, out;

static void blur(const cv::Mat &in, const bench_case &c)
{
    cv::GaussianBlur(in, smooth, { c.ksize, c.ksize }, c.sigma);
}

// |gx| + |gy| saturated: the saturated sum of both saturated moduli.
static void sobel(const cv::Mat &in)
{
    cv::spatialGradient(in, gx, gy, 3, cv::BORDER_REPLICATE);
    cv::convertScaleAbs(gx, ax);
    cv::convertScaleAbs(gy, ay);
    cv::add(ax, ay, out);
}

// Differences of 8 bits fit 8 bits. The last row and column look outside, where the border is replicated.
static void roberts(const cv::Mat &in)
{
    const int w = in.cols, h = in.rows;
    const cv::Range rows(0, h - 1), below(1, h), columns(0, w - 1), right(1, w);
    out.create(in.size(), CV_8U);
    cv::absdiff(in(rows, columns), in(below, right), ax);
    cv::absdiff(in(rows, right), in(below, columns), ay);
    cv::Mat inner = out(rows, columns);
    cv::add(ax, ay, inner);
    const cv::Mat column = in.col(w - 1), row = in.row(h - 1);
    cv::absdiff(column(rows, cv::Range::all()), column(below, cv::Range::all()), ax);
    cv::Mat last = out.col(w - 1)(rows, cv::Range::all());
    cv::add(ax, ax, last);
    cv::absdiff(row(cv::Range::all(), columns), row(cv::Range::all(), right), ay);
    last = out.row(h - 1)(cv::Range::all(), columns);
    cv::add(ay, ay, last);
    out.at<uchar>(h - 1, w - 1) = 0;
}

static int run(const bench_case *c, bench_result *result)
{
    const cv::Mat in(c->h, c->w, CV_8U, const_cast<uint8_t *>(c->pixels));
    const std::string op = c->operation;
    cv::setNumThreads(c->threads);
    if (op == "canny") {
        blur(in, *c);
        cv::Canny(smooth, out, c->low, c->high);
    } else if (op == "gaussian")
        blur(in, *c);
    else if (op == "sobel")
        sobel(in);
    else if (op == "roberts")
        roberts(in);
    else
        return 1;
    const cv::Mat &m = op == "gaussian" ? smooth : out;
    *result = { m.data, (ptrdiff_t)m.step[0] };
    return 0;
}

// One image per thread.
static int files(int nthreads, const std::filesystem::path &to,
                 const std::vector<std::filesystem::path> &inputs)
{
    std::atomic<std::size_t> next{ 0 }, failed{ 0 };
    cv::setNumThreads(1);
    auto work = [&] {
        for (std::size_t i; (i = next++) < inputs.size();) {
            const cv::Mat gray = cv::imread(inputs[i].string(), cv::IMREAD_GRAYSCALE);
            cv::Mat smoothed, edges;
            if (!gray.empty()) {
                cv::GaussianBlur(gray, smoothed, { 5, 5 }, 1.4);
                cv::Canny(smoothed, edges, 50, 100);
            }
            if (edges.empty() || !cv::imwrite((to / inputs[i].stem()).string() + ".png", edges))
                failed++;
        }
    };
    std::vector<std::thread> threads;
    for (int i = nthreads; i > 1; i--)
        threads.emplace_back(work);
    work();
    for (auto &t : threads)
        t.join();
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 4 && std::string(argv[1]) == "files")
        return files(std::atoi(argv[2]), argv[3], { argv + 4, argv + argc });
    return bench_serve("OpenCV", CV_VERSION, run);
}
