// Other trackers on the visible sequences of issue 6, as measured for this project in November 2026: TrackEval 1.3.0,
// public releases and reference code, the same detections for all. Detection threshold .6 (mot17val, dance) or .5
// (mot15); lost tracks kept for 30 frames; output online. Frames per second inside the update call, one thread, on two
// shared cores of an AMD EPYC. Not tuned to these sequences, but for the line that says so.
#include "eval/peers.h"

namespace ocelli::eval {
namespace {

constexpr std::array kMot17Peers{
    PeerScore{"UCMCTrack, its per-sequence settings, camera files + GMC", Given::camera, 56.62, 54.50, 59.29, 64.93,
              70.77, 190, 792, 6747, 93},
    PeerScore{"UCMCTrack, one setting for all sequences, camera files + GMC", Given::camera, 56.42, 54.79, 58.54, 65.31,
              71.36, 160, 842, 6643, 97},
    PeerScore{"pyxtrackers 2026.3.3 ByteTrack (native)", Given::boxes, 54.39, 55.83, 53.43, 66.73, 67.74, 117, 1198,
              6018, 31957},
    PeerScore{"trackers 2.6.1 BoT-SORT, no CMC", Given::boxes, 54.38, 55.66, 53.62, 66.26, 66.58, 150, 1192, 6095, 785},
    PeerScore{"ByteTrack (reference)", Given::boxes, 54.30, 55.77, 53.31, 66.70, 67.35, 117, 1119, 6103, 611},
    PeerScore{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", Given::boxes, 54.11, 55.79, 52.93, 66.29, 66.12, 143, 1112,
              6174, 290},
    PeerScore{"boxmot 25.0.0 ByteTrack", Given::boxes, 53.90, 56.21, 52.16, 67.34, 66.91, 138, 1184, 5877, 293},
    PeerScore{"BoostTrack++ without ReID and ECC (reference)", Given::boxes, 52.87, 52.47, 53.63, 62.68, 65.78, 130,
              573, 7523, 378},
    PeerScore{"Hybrid-SORT without ReID (reference)", Given::boxes, 52.62, 54.48, 51.36, 62.90, 63.81, 191, 1787, 6199,
              262},
    PeerScore{"boxmot 25.0.0 BoostTrack, no ReID, no CMC", Given::boxes, 52.33, 52.48, 52.55, 62.72, 64.65, 141, 617,
              7458, 204},
    PeerScore{"pyxtrackers 2026.3.3 SORT (native)", Given::boxes, 52.08, 51.43, 53.12, 61.67, 64.50, 142, 406, 7900,
              37849},
    PeerScore{"SORT (reference)", Given::boxes, 52.08, 51.43, 53.12, 61.67, 64.50, 142, 406, 7900, 532},
    PeerScore{"trackers 2.6.1 C-BIoU", Given::boxes, 51.95, 55.90, 48.63, 66.08, 64.29, 149, 1434, 5892, 596},
    PeerScore{"boxmot 25.0.0 SFSORT", Given::boxes, 51.93, 55.64, 48.82, 66.49, 64.56, 168, 1287, 5931, 1154},
    PeerScore{"boxmot 25.0.0 Hybrid-SORT, no ReID", Given::boxes, 51.72, 54.18, 49.94, 62.03, 62.06, 205, 2270, 5894,
              140},
    PeerScore{"trackers 2.6.1 OC-SORT", Given::boxes, 51.69, 51.29, 52.40, 61.47, 64.32, 130, 423, 7938, 796},
    PeerScore{"norfair 2.3.0 (IoU)", Given::boxes, 51.54, 53.21, 50.38, 63.17, 63.48, 141, 1083, 6893, 540},
    PeerScore{"pyxtrackers 2026.3.3 OC-SORT (native)", Given::boxes, 51.51, 51.34, 51.98, 61.66, 63.74, 126, 398, 7926,
              21405},
    PeerScore{"boxmot 25.0.0 OccluBoost, no ReID", Given::boxes, 51.47, 52.57, 50.73, 62.63, 62.28, 132, 625, 7480,
              197},
    PeerScore{"boxmot 25.0.0 OC-SORT", Given::boxes, 51.46, 51.42, 51.79, 61.68, 63.74, 124, 397, 7924, 248},
    PeerScore{"OC-SORT (reference)", Given::boxes, 51.46, 51.42, 51.79, 61.68, 63.74, 124, 397, 7924, 555},
    PeerScore{"trackers 2.6.1 SORT", Given::boxes, 50.60, 53.15, 48.56, 63.55, 61.22, 189, 643, 7201, 1286},
    PeerScore{"motpy 0.0.10", Given::boxes, 47.05, 50.92, 44.23, 54.99, 56.90, 223, 3834, 5863, 654},
    PeerScore{"trackers 2.6.1 ByteTrack", Given::boxes, 46.44, 51.52, 42.41, 51.54, 55.82, 323, 5493, 4864, 1073},
};
constexpr std::array kMot17Sequences{
    PeerSequence{"MOT17-02",
                 {{PeerOnSequence{"pyxtrackers 2026.3.3 ByteTrack", 48.5, 60.8, 55.6},
                   PeerOnSequence{"OC-SORT", 43.4, 54.4, 52.0},
                   PeerOnSequence{"UCMCTrack, one setting for all sequences", 51.0, 63.4, 53.7}}}},
    PeerSequence{"MOT17-05",
                 {{PeerOnSequence{"pyxtrackers 2026.3.3 ByteTrack", 61.2, 76.4, 77.1},
                   PeerOnSequence{"OC-SORT", 58.1, 74.0, 71.7},
                   PeerOnSequence{"UCMCTrack, one setting for all sequences", 57.5, 72.1, 76.0}}}},
    PeerSequence{"MOT17-09",
                 {{PeerOnSequence{"pyxtrackers 2026.3.3 ByteTrack", 65.5, 77.9, 83.0},
                   PeerOnSequence{"OC-SORT", 63.7, 75.2, 76.9},
                   PeerOnSequence{"UCMCTrack, one setting for all sequences", 66.5, 81.1, 80.3}}}},
    PeerSequence{"MOT17-10",
                 {{PeerOnSequence{"pyxtrackers 2026.3.3 ByteTrack", 54.1, 68.8, 71.5},
                   PeerOnSequence{"OC-SORT", 53.2, 66.5, 64.8},
                   PeerOnSequence{"UCMCTrack, one setting for all sequences", 58.9, 78.7, 71.3}}}},
};

constexpr std::array kDancePeers{
    PeerScore{"Hybrid-SORT without ReID (reference)", Given::boxes, 56.67, 75.65, 42.65, 85.54, 58.98, 334, 822, 4237,
              494},
    PeerScore{"trackers 2.6.1 C-BIoU", Given::boxes, 55.25, 74.79, 41.02, 85.95, 60.06, 360, 849, 4031, 1173},
    PeerScore{"boxmot 25.0.0 Hybrid-SORT, no ReID", Given::boxes, 54.29, 75.77, 39.10, 85.33, 56.48, 365, 901, 4206,
              299},
    PeerScore{"trackers 2.6.1 BoT-SORT, no CMC", Given::boxes, 54.07, 75.89, 38.71, 86.16, 55.83, 351, 762, 4052, 1172},
    PeerScore{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", Given::boxes, 53.76, 75.37, 38.52, 86.20, 56.57, 349, 786,
              4013, 334},
    PeerScore{"pyxtrackers 2026.3.3 OC-SORT (native)", Given::boxes, 53.42, 73.11, 39.19, 81.94, 55.03, 362, 234, 6140,
              23535},
    PeerScore{"boxmot 25.0.0 OC-SORT", Given::boxes, 53.27, 73.04, 39.00, 82.03, 54.08, 354, 231, 6120, 340},
    PeerScore{"OC-SORT (reference)", Given::boxes, 53.27, 73.04, 39.00, 82.03, 54.08, 354, 231, 6120, 435},
    PeerScore{"trackers 2.6.1 OC-SORT", Given::boxes, 52.74, 73.10, 38.21, 81.88, 53.49, 364, 234, 6161, 1123},
    PeerScore{"BoostTrack++ without ReID and ECC (reference)", Given::boxes, 52.62, 71.38, 38.98, 82.99, 56.45, 368,
              360, 5619, 683},
    PeerScore{"boxmot 25.0.0 BoostTrack, no ReID, no CMC", Given::boxes, 52.53, 71.34, 38.87, 82.99, 56.44, 369, 360,
              5616, 364},
    PeerScore{"pyxtrackers 2026.3.3 SORT (native)", Given::boxes, 52.04, 70.10, 38.82, 82.22, 56.20, 338, 242, 6054,
              44936},
    PeerScore{"SORT (reference)", Given::boxes, 52.04, 70.10, 38.82, 82.22, 56.20, 338, 242, 6054, 999},
    PeerScore{"trackers 2.6.1 SORT", Given::boxes, 51.03, 74.27, 35.19, 84.07, 52.62, 425, 398, 5122, 1931},
    PeerScore{"boxmot 25.0.0 OccluBoost, no ReID", Given::boxes, 50.69, 71.93, 35.95, 83.57, 52.74, 443, 610, 5076,
              211},
    PeerScore{"boxmot 25.0.0 SFSORT", Given::boxes, 49.56, 76.76, 32.20, 86.24, 50.32, 442, 876, 3815, 1256},
    PeerScore{"trackers 2.6.1 ByteTrack", Given::boxes, 49.43, 75.35, 32.58, 85.32, 50.89, 482, 1454, 3542, 1648},
    PeerScore{"norfair 2.3.0 (IoU)", Given::boxes, 49.04, 70.92, 34.17, 84.09, 51.57, 328, 905, 4704, 783},
    PeerScore{"ByteTrack (reference)", Given::boxes, 48.14, 69.32, 33.57, 85.37, 55.60, 370, 958, 4129, 860},
    PeerScore{"boxmot 25.0.0 ByteTrack", Given::boxes, 48.06, 69.23, 33.49, 85.43, 55.49, 398, 983, 4054, 353},
    PeerScore{"pyxtrackers 2026.3.3 ByteTrack (native)", Given::boxes, 47.37, 69.22, 32.55, 85.39, 54.33, 382, 949,
              4121, 50495},
    PeerScore{"motpy 0.0.10", Given::boxes, 40.52, 64.01, 25.93, 77.17, 43.49, 506, 3688, 4325, 1233},
};
constexpr std::array kDanceSequences{
    PeerSequence{
        "dancetrack0018",
        {{PeerOnSequence{"Hybrid-SORT without ReID", 81.2, 79.5, 84.9},
          PeerOnSequence{"trackers 2.6.1 C-BIoU", 78.8, 82.5, 84.9}, PeerOnSequence{"OC-SORT", 82.7, 85.0, 84.3}}}},
    PeerSequence{
        "dancetrack0026",
        {{PeerOnSequence{"Hybrid-SORT without ReID", 49.8, 54.9, 79.0},
          PeerOnSequence{"trackers 2.6.1 C-BIoU", 50.8, 56.2, 80.7}, PeerOnSequence{"OC-SORT", 49.3, 50.9, 76.4}}}},
    PeerSequence{
        "dancetrack0035",
        {{PeerOnSequence{"Hybrid-SORT without ReID", 45.2, 49.9, 90.2},
          PeerOnSequence{"trackers 2.6.1 C-BIoU", 47.1, 52.0, 91.1}, PeerOnSequence{"OC-SORT", 44.9, 46.6, 87.0}}}},
    PeerSequence{
        "dancetrack0065",
        {{PeerOnSequence{"Hybrid-SORT without ReID", 64.4, 68.6, 95.4},
          PeerOnSequence{"trackers 2.6.1 C-BIoU", 62.8, 71.4, 95.9}, PeerOnSequence{"OC-SORT", 61.7, 66.8, 93.8}}}},
    PeerSequence{
        "dancetrack0073",
        {{PeerOnSequence{"Hybrid-SORT without ReID", 57.5, 64.9, 79.9},
          PeerOnSequence{"trackers 2.6.1 C-BIoU", 53.1, 61.2, 79.2}, PeerOnSequence{"OC-SORT", 51.8, 57.2, 76.4}}}},
    PeerSequence{
        "dancetrack0090",
        {{PeerOnSequence{"Hybrid-SORT without ReID", 53.4, 53.1, 86.8},
          PeerOnSequence{"trackers 2.6.1 C-BIoU", 52.6, 55.9, 87.5}, PeerOnSequence{"OC-SORT", 47.3, 45.5, 81.7}}}},
};

constexpr std::array kMot15Peers{
    PeerScore{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", Given::boxes, 37.47, 38.75, 36.73, 40.06, 48.67, 391, 4489,
              9943, 184},
    PeerScore{"boxmot 25.0.0 OccluBoost, no ReID", Given::boxes, 37.14, 36.85, 37.79, 40.42, 48.86, 250, 3475, 11007,
              321},
    PeerScore{"norfair 2.3.0 (IoU)", Given::boxes, 37.03, 38.34, 36.25, 38.55, 48.31, 235, 4930, 10030, 961},
    PeerScore{"boxmot 25.0.0 BoostTrack, no ReID, no CMC", Given::boxes, 37.03, 36.82, 37.59, 40.21, 48.78, 266, 3546,
              10972, 192},
    PeerScore{"trackers 2.6.1 BoT-SORT, no CMC", Given::boxes, 36.88, 37.98, 36.24, 38.42, 48.55, 409, 4665, 10154,
              1216},
    PeerScore{"BoostTrack++ without ReID and ECC (reference)", Given::boxes, 36.53, 36.63, 36.79, 40.67, 48.46, 249,
              3314, 11108, 370},
    PeerScore{"ByteTrack (reference)", Given::boxes, 36.34, 38.66, 34.67, 39.58, 47.51, 366, 4643, 9931, 616},
    PeerScore{"pyxtrackers 2026.3.3 ByteTrack (native)", Given::boxes, 36.06, 38.73, 34.06, 39.55, 47.02, 368, 4653,
              9926, 45071},
    PeerScore{"trackers 2.6.1 C-BIoU", Given::boxes, 35.99, 37.77, 34.72, 38.40, 47.23, 366, 4768, 10098, 1165},
    PeerScore{"boxmot 25.0.0 ByteTrack", Given::boxes, 35.77, 38.62, 33.66, 39.29, 46.49, 373, 4733, 9906, 281},
    PeerScore{"pyxtrackers 2026.3.3 OC-SORT (native)", Given::boxes, 35.64, 36.06, 35.57, 38.07, 46.64, 309, 3767,
              11239, 20906},
    PeerScore{"trackers 2.6.1 ByteTrack", Given::boxes, 35.63, 37.98, 33.93, 37.88, 46.34, 416, 4811, 10135, 1129},
    PeerScore{"trackers 2.6.1 SORT", Given::boxes, 35.60, 37.24, 34.50, 38.10, 46.40, 393, 4395, 10519, 911},
    PeerScore{"boxmot 25.0.0 OC-SORT", Given::boxes, 35.50, 36.07, 35.30, 38.04, 46.54, 309, 3801, 11212, 179},
    PeerScore{"OC-SORT (reference)", Given::boxes, 35.50, 36.07, 35.30, 38.04, 46.54, 309, 3801, 11212, 273},
    PeerScore{"trackers 2.6.1 OC-SORT", Given::boxes, 35.46, 35.98, 35.32, 37.69, 46.48, 318, 3791, 11298, 674},
    PeerScore{"boxmot 25.0.0 Hybrid-SORT, no ReID", Given::boxes, 35.28, 36.51, 34.48, 38.97, 46.19, 275, 3782, 11035,
              164},
    PeerScore{"motpy 0.0.10", Given::boxes, 34.97, 36.01, 34.52, 19.99, 44.55, 323, 10407, 9055, 721},
    PeerScore{"Hybrid-SORT without ReID (reference)", Given::boxes, 34.66, 36.43, 33.33, 39.23, 45.67, 258, 3703, 11066,
              292},
    PeerScore{"pyxtrackers 2026.3.3 SORT (native)", Given::boxes, 34.63, 37.33, 32.71, 40.78, 43.27, 331, 3423, 10890,
              64309},
    PeerScore{"SORT (reference)", Given::boxes, 34.63, 37.33, 32.71, 40.78, 43.27, 331, 3423, 10890, 647},
    PeerScore{"boxmot 25.0.0 SFSORT", Given::boxes, 34.23, 37.92, 31.43, 36.31, 44.09, 576, 5279, 9895, 1336},
};
constexpr std::array kMot15Sequences{
    PeerSequence{"ADL-Rundle-6",
                 {{PeerOnSequence{"SORT", 34.3, 43.4, 38.1}, PeerOnSequence{"ByteTrack", 34.2, 45.8, 36.9},
                   PeerOnSequence{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", 33.9, 44.9, 36.4}}}},
    PeerSequence{"ETH-Pedcross2",
                 {{PeerOnSequence{"SORT", 39.9, 53.5, 45.4}, PeerOnSequence{"ByteTrack", 39.2, 51.6, 44.0},
                   PeerOnSequence{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", 41.2, 54.8, 44.5}}}},
    PeerSequence{"KITTI-17",
                 {{PeerOnSequence{"SORT", 45.4, 71.1, 60.2}, PeerOnSequence{"ByteTrack", 45.6, 67.1, 57.5},
                   PeerOnSequence{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", 47.0, 70.8, 64.3}}}},
    PeerSequence{"PETS09-S2L1",
                 {{PeerOnSequence{"SORT", 30.6, 35.1, 61.9}, PeerOnSequence{"ByteTrack", 37.5, 47.6, 63.3},
                   PeerOnSequence{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", 37.0, 45.3, 63.2}}}},
    PeerSequence{"TUD-Stadtmitte",
                 {{PeerOnSequence{"SORT", 53.0, 73.5, 71.7}, PeerOnSequence{"ByteTrack", 50.1, 69.5, 69.9},
                   PeerOnSequence{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", 54.9, 79.6, 72.4}}}},
    PeerSequence{"Venice-2",
                 {{PeerOnSequence{"SORT", 27.6, 32.4, 18.6}, PeerOnSequence{"ByteTrack", 31.0, 39.6, 16.1},
                   PeerOnSequence{"boxmot 25.0.0 BoT-SORT, no ReID, no CMC", 32.7, 41.2, 16.7}}}},
};
constexpr std::array kSets{
    PeerSet{"mot17val", 50566, kMot17Peers, kMot17Sequences},
    PeerSet{"dance", 38000, kDancePeers, kDanceSequences},
    PeerSet{"mot15", 20293, kMot15Peers, kMot15Sequences},
};

}  // namespace

std::span<const PeerSet> peer_sets() {
  return kSets;
}

std::string_view peer_source() {
  return "TrackEval 1.3.0, the same detections; fps of other days, on 2 shared cores of an AMD EPYC, over more "
         "sequences";
}

}  // namespace ocelli::eval
