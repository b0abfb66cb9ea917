// Canny over files with OpenCV, for scripts/bench_detect:
//     peer_opencv THREADS OUT IMAGE...      writes OUT/STEM.png
// The job of `edgel detect --ksize 5 --sigma 1.4`: gray decode, 5x5 blur, Canny 50/100, PNG. One image per thread.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <thread>
#include <vector>

int main(int argc, char **argv)
{
    if (argc < 4) {
        std::fprintf(stderr, "usage: peer_opencv THREADS OUT IMAGE...\n");
        return 2;
    }
    const std::filesystem::path out = argv[2];
    const std::vector<std::filesystem::path> files(argv + 3, argv + argc);
    cv::setNumThreads(1);
    std::atomic<std::size_t> next{ 0 }, failed{ 0 };
    auto work = [&] {
        for (std::size_t i; (i = next++) < files.size();) {
            const cv::Mat gray = cv::imread(files[i].string(), cv::IMREAD_GRAYSCALE);
            cv::Mat smooth, edges;
            if (!gray.empty()) {
                cv::GaussianBlur(gray, smooth, { 5, 5 }, 1.4);
                cv::Canny(smooth, edges, 50, 100);
            }
            if (edges.empty() || !cv::imwrite((out / files[i].stem()).string() + ".png", edges))
                failed++;
        }
    };
    std::vector<std::thread> threads;
    for (int i = std::atoi(argv[1]); i > 1; i--)
        threads.emplace_back(work);
    work();
    for (auto &t : threads)
        t.join();
    return failed == 0 ? 0 : 1;
}
